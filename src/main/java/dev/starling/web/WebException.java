package dev.starling.web;

/// A request that gets an error as its answer; `detail` is shown to people.
public final class WebException extends Exception {
    private static final long serialVersionUID = 1;
    private final int status;
    private final int retryAfterSeconds;

    public WebException(int status, String detail) {
        this(status, detail, 0);
    }

    /// @param retryAfterSeconds when it is worth asking again (RFC 9110, section 10.2.3); 0 for no such promise
    public WebException(int status, String detail, int retryAfterSeconds) {
        super(detail);
        this.status = status;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    public int status() {
        return status;
    }

    Response answer() {
        Response problem = Response.problem(status, String.valueOf(getMessage()));
        return retryAfterSeconds == 0 ? problem : problem.with("retry-after", String.valueOf(retryAfterSeconds));
    }
}
