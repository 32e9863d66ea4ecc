package dev.starling.media;

/// What becomes of a new offer in the middle of a call.
public sealed interface Reoffer {
    /// It concerns this leg alone (another port, new ICE): answer it so, and the other side hears nothing of it.
    record Answer(byte[] sdp) implements Reoffer {}

    /// It concerns the other side: offer that one this, then `Bridge.reanswered`, or `Bridge.rejected`.
    record PassOn(Leg to, byte[] offer) implements Reoffer {}
}
