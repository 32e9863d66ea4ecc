package dev.starling.dht;

/// The engine refused or cannot be reached. `status` is the HTTP status that says so best: 400, 413, 429, 502
/// or 503.
public final class DhtException extends Exception {
    private static final long serialVersionUID = 1;
    private final int status;

    public DhtException(int status, String why) {
        super(why);
        this.status = status;
    }

    /// Whether the same call may succeed later: the engine is away, not unwilling.
    public boolean away() {
        return status >= 500;
    }

    public int status() {
        return status;
    }
}
