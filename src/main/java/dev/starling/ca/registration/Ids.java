package dev.starling.ca.registration;

import java.security.SecureRandom;
import java.util.HexFormat;

/// Names of resources: 128 random bits, hexadecimal, so that nobody can guess another's.
public final class Ids {
    private static final SecureRandom RANDOM = new SecureRandom();

    private Ids() {}

    public static String random() {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
