package dev.starling.acme;

import java.time.Duration;
import java.util.Optional;

/// An error of RFC 8555, section 6.7: `type` is the part after `urn:ietf:params:acme:error:`.
public final class Problem extends Exception {
    public static final String URN = "urn:ietf:params:acme:error:";
    private static final long serialVersionUID = 1;
    private final String type;
    private final int status;
    private final transient Optional<Duration> retryAfter;
    private String location = "";
    private String terms = "";

    /// `detail` is shown to people.
    public Problem(String type, int status, String detail) {
        this(type, status, detail, Optional.empty());
    }

    private Problem(String type, int status, String detail, Optional<Duration> retryAfter) {
        super(detail);
        this.type = type;
        this.status = status;
        this.retryAfter = retryAfter;
    }

    public static Problem malformed(String detail) {
        return new Problem("malformed", 400, detail);
    }

    /// RFC 8555, section 6.6: says when another attempt makes sense.
    public static Problem rateLimited(String detail, Duration retryAfter) {
        return new Problem("rateLimited", 429, detail, Optional.of(retryAfter));
    }

    /// What may be otherwise later; says when another attempt makes sense.
    public static Problem later(String type, int status, String detail, Duration retryAfter) {
        return new Problem(type, status, detail, Optional.of(retryAfter));
    }

    public String type() {
        return type;
    }

    public int status() {
        return status;
    }

    public String detail() {
        return String.valueOf(getMessage());
    }

    public Optional<Duration> retryAfter() {
        return retryAfter;
    }

    /// The URL of what there is instead; "" for none.
    public String location() {
        return location;
    }

    /// The URL of the terms of service that are to be agreed to; "" when it is not about them.
    public String terms() {
        return terms;
    }

    /// RFC 8555, section 7.3.3.
    public Problem about(String url) {
        terms = url;
        return this;
    }

    public Problem at(String url) {
        location = url;
        return this;
    }
}
