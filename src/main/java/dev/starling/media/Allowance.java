package dev.starling.media;

/// So many packets a second, and no more than a second's worth at once. For one thread at a time.
final class Allowance {
    private final int perSecond;
    private double left;
    private long at;

    Allowance(int perSecond) {
        this.perSecond = perSecond;
        left = perSecond;
    }

    boolean takes(long nowMillis) {
        left = Math.min(perSecond, left + (nowMillis - at) * perSecond / 1000.0);
        at = nowMillis;
        if (left < 1) return false;
        left--;
        return true;
    }
}
