package dev.starling.web;

/// A request that gets an error as its answer; `detail` is shown to people.
public final class WebException extends Exception {
    private static final long serialVersionUID = 1;
    private final int status;

    public WebException(int status, String detail) {
        super(detail);
        this.status = status;
    }

    public int status() {
        return status;
    }
}
