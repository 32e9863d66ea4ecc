package dev.starling.nat.stun;

/// The class of a message: RFC 8489, section 5, figure 3.
public enum StunClass {
    REQUEST(0x000),
    INDICATION(0x010),
    SUCCESS(0x100),
    ERROR(0x110);

    final int bits;

    StunClass(int bits) {
        this.bits = bits;
    }

    static StunClass of(int type) {
        return switch (type & 0x110) {
            case 0x000 -> REQUEST;
            case 0x010 -> INDICATION;
            case 0x100 -> SUCCESS;
            default -> ERROR;
        };
    }

    /// The type of a message: method and class woven into each other.
    int with(int method) {
        return (method & 0xF80) << 2 | (method & 0x070) << 1 | method & 0x00F | bits;
    }

    static int method(int type) {
        return (type & 0x3E00) >> 2 | (type & 0x00E0) >> 1 | type & 0x000F;
    }
}
