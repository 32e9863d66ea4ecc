package dev.starling.ca.store;

/// One order with its one authorization and its one challenge (RFC 8555, section 7.1.6).
///
/// @param part1 the code that was mailed; a secret
/// @param part2 the token that the client sees
/// @param tries wrong codes so far
/// @param created Unix seconds, as `expires` and `validated`
/// @param validated when the mailbox was proven; 0 before
/// @param error what went wrong, in words for people; "" when nothing did
/// @param chain PEM, leaf first; "" before it is issued
public record Order(
        String id,
        String account,
        String address,
        Status status,
        String part1,
        String part2,
        int tries,
        long created,
        long expires,
        long validated,
        String error,
        String chain) {
    /// Of the order, in the words of RFC 8555 (in lower case).
    public enum Status {
        PENDING,
        READY,
        VALID,
        INVALID
    }

    public boolean isOver(long now) {
        return expires < now && status != Status.VALID;
    }

    public Order proven(long now) {
        return with(Status.READY, tries, now, "", chain);
    }

    /// After a wrong code; with `last` there is no further try.
    public Order wrongCode(boolean last, String why) {
        return with(last ? Status.INVALID : status, tries + 1, validated, why, chain);
    }

    public Order issued(String pem) {
        return with(Status.VALID, tries, validated, "", pem);
    }

    public Order failed(String why) {
        return with(Status.INVALID, tries, validated, why, chain);
    }

    /// Still possible, but `why` it takes longer.
    public Order troubled(String why) {
        return with(status, tries, validated, why, chain);
    }

    private Order with(Status to, int wrong, long at, String why, String pem) {
        return new Order(id, account, address, to, part1, part2, wrong, created, expires, at, why, pem);
    }

    /// Without the code.
    @Override
    public String toString() {
        return "Order[" + id + ", " + status + "]";
    }
}
