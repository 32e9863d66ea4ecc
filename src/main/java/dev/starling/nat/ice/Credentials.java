package dev.starling.nat.ice;

import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;

/// What the checks of one side are protected with: RFC 8445, section 5.3, and RFC 8839, section 5.4.
///
/// @param ufrag 4 to 256 letters, digits, `+` and `/`
/// @param password 22 to 256 of them
public record Credentials(String ufrag, String password) {
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    private static final int UFRAG = 8, PASSWORD = 24, MOST = 256;

    public Credentials {
        if (!isOf(ufrag, 4) || !isOf(password, 22)) throw new IllegalArgumentException("not credentials of ICE");
    }

    /// 48 bits and 144 bits. random: a secure one
    public static Credentials draw(RandomGenerator random) {
        return new Credentials(draw(random, UFRAG), draw(random, PASSWORD));
    }

    private static String draw(RandomGenerator random, int letters) {
        var text = new StringBuilder();
        for (int i = 0; i < letters; i++) text.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        return text.toString();
    }

    private static boolean isOf(String text, int least) {
        return text.length() >= least
                && text.length() <= MOST
                && text.chars().allMatch(c -> LETTERS.indexOf(c) >= 0 || c == '-' || c == '_' || c == '=');
    }

    byte[] key() {
        return password.getBytes(StandardCharsets.UTF_8);
    }

    /// Without the password.
    @Override
    public String toString() {
        return ufrag;
    }
}
