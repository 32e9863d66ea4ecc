package dev.starling.sdp;

import java.util.List;
import java.util.Locale;

/// Who sends: RFC 8866, section 6.7. As the one who wrote the description sees it.
public enum Direction {
    SENDRECV(true, true),
    SENDONLY(true, false),
    RECVONLY(false, true),
    INACTIVE(false, false);

    private final boolean sends;
    private final boolean receives;

    Direction(boolean sends, boolean receives) {
        this.sends = sends;
        this.receives = receives;
    }

    public boolean sends() {
        return sends;
    }

    public boolean receives() {
        return receives;
    }

    /// The same, seen from the other side.
    public Direction reversed() {
        return of(receives, sends);
    }

    /// What is left of it where only `other` goes.
    public Direction and(Direction other) {
        return of(sends && other.sends, receives && other.receives);
    }

    public static Direction of(boolean sends, boolean receives) {
        return sends ? receives ? SENDRECV : SENDONLY : receives ? RECVONLY : INACTIVE;
    }

    /// The last that is named.
    static Direction in(List<Attribute> attributes, Direction otherwise) {
        Direction found = otherwise;
        for (Attribute each : attributes)
            for (Direction direction : values()) if (each.name().equals(direction.word())) found = direction;
        return found;
    }

    public Attribute attribute() {
        return new Attribute(word());
    }

    private String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
