package dev.starling.sdp;

/// A payload type and what it stands for: `a=rtpmap`, RFC 8866, section 6.6.
///
/// @param payloadType 0 to 127
/// @param encoding in the letters that were written; compared without case
/// @param clock in Hz
public record Codec(int payloadType, String encoding, int clock, int channels) {
    public Codec {
        if (payloadType < 0 || payloadType > 127 || encoding.isEmpty() || clock <= 0 || channels <= 0)
            throw new IllegalArgumentException("not a codec");
    }

    /// The payload types that RFC 3551, section 6, gave away and that concern us.
    public static final Codec PCMU = new Codec(0, "PCMU", 8000, 1);

    public static final Codec PCMA = new Codec(8, "PCMA", 8000, 1);
    public static final Codec CN = new Codec(13, "CN", 8000, 1);

    public boolean is(String name, int rate) {
        return encoding.equalsIgnoreCase(name) && clock == rate && channels == 1;
    }

    /// Whether both mean the same, whatever their numbers.
    public boolean isLike(Codec other) {
        return encoding.equalsIgnoreCase(other.encoding) && clock == other.clock && channels == other.channels;
    }

    static Codec parse(String rtpmap) throws SdpException {
        String[] parts = rtpmap.strip().split(" +");
        if (parts.length != 2) throw new SdpException("rtpmap without an encoding");
        String[] encoding = parts[1].split("/");
        if (encoding.length < 2 || encoding.length > 3 || encoding[0].isEmpty() || encoding[0].length() > 64)
            throw new SdpException("rtpmap without an encoding");
        int clock = Lines.number(encoding[1], 999_999_999, "clock rate");
        int channels = encoding.length == 3 ? Lines.number(encoding[2], 255, "channels") : 1;
        if (clock == 0 || channels == 0) throw new SdpException("rtpmap with a zero");
        return new Codec(Lines.number(parts[0], 127, "payload type"), encoding[0], clock, channels);
    }

    public Attribute rtpmap() {
        return new Attribute("rtpmap", payloadType + " " + this);
    }

    @Override
    public String toString() {
        String name = encoding + "/" + clock;
        return channels == 1 ? name : name + "/" + channels;
    }
}
