package dev.starling.dht.embedded;

/// Bounds of the embedded store. What lies under one key fits the usual limits of one look-up, so that nothing is
/// stored that is never served.
///
/// @param bytesPerKey of all values under one key
/// @param valuesPerUserAndKey of one user under one key
/// @param bytesPerUser of one user in the whole store
/// @param bytesPerPeer of all users of one other peer
/// @param bytes of all values; the file is about a fifth larger
public record Bounds(
        int valuesPerKey,
        long bytesPerKey,
        int valuesPerUserAndKey,
        long bytesPerUserAndKey,
        int valuesPerUser,
        long bytesPerUser,
        long bytesPerPeer,
        long bytes) {
    public static final Bounds USUAL = new Bounds(2048, 4L << 20, 256, 1L << 20, 4096, 16L << 20, 1L << 30, 4L << 30);
}
