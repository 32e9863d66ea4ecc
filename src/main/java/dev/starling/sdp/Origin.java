package dev.starling.sdp;

import java.math.BigInteger;

/// `o=`: who made a description, and which version of it this is: RFC 8866, section 5.2.
///
/// @param session a number that fits in 62 bits (RFC 9429 asks for that; written by others it may be longer)
/// @param version grows with each change: RFC 3264, section 8
public record Origin(String user, BigInteger session, BigInteger version, Host host) {
    private static final int MAX_DIGITS = 40;

    public Origin(long session, long version, Host host) {
        this("-", BigInteger.valueOf(session), BigInteger.valueOf(version), host);
    }

    static Origin parse(String text) throws SdpException {
        String[] parts = text.strip().split(" +");
        if (parts.length != 6) throw new SdpException("o= has not six parts");
        return new Origin(parts[0], number(parts[1]), number(parts[2]), Host.parse(parts[3], parts[4], parts[5]));
    }

    private static BigInteger number(String text) throws SdpException {
        if (text.isEmpty() || text.length() > MAX_DIGITS || !text.chars().allMatch(c -> c >= '0' && c <= '9'))
            throw new SdpException("o= without numbers");
        return new BigInteger(text);
    }

    @Override
    public String toString() {
        return user + " " + session + " " + version + " " + host;
    }
}
