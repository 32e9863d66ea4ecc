package dev.starling.phone;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Properties;

/// What one SIP phone signs in with, and whose phone it is. Of the password only what digest authentication needs is
/// kept (RFC 7616, section 3.4.2), which is as good as the password for this one server, so as secret.
///
/// @param user name with which the phone registers
/// @param label by which the person knows the phone
/// @param sha256 hex of SHA-256(user ":" realm ":" password); `md5` likewise, for old phones
public record PhoneAccount(String user, Address address, String label, String sha256, String md5) {
    /// The same for every server: a phone must not be set up anew when the server is called otherwise.
    public static final String REALM = "starling";

    private static final String LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
    private static final int PASSWORD_LENGTH = 20, MAX_LABEL = 64;
    private static final SecureRandom RANDOM = new SecureRandom();

    public PhoneAccount {
        if (!user.matches("[a-z0-9.-]{1,64}")) throw new IllegalArgumentException("not a user name");
        if (label.length() > MAX_LABEL) throw new IllegalArgumentException("label too long");
    }

    /// An account for a phone of `address`, whose user name nobody has yet.
    public static PhoneAccount of(Address address, String label, String password) {
        String local = address.text().split("@", 2)[0].replaceAll("[^a-z0-9.-]", "");
        String user = local.substring(0, Math.min(40, local.length())) + "-" + random(4);
        return new PhoneAccount(user, address, label, hash("SHA-256", user, password), hash("MD5", user, password));
    }

    /// 99 bits, in letters that can be typed on a phone and are not taken for others.
    public static String newPassword() {
        return random(PASSWORD_LENGTH);
    }

    private static String random(int length) {
        var text = new StringBuilder();
        for (int i = 0; i < length; i++) text.append(LETTERS.charAt(RANDOM.nextInt(LETTERS.length())));
        return text.toString();
    }

    private static String hash(String algorithm, String user, String password) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance(algorithm)
                            .digest((user + ":" + REALM + ":" + password).getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    byte[] write() throws IOException {
        var all = new Properties();
        all.setProperty("user", user);
        all.setProperty("address", address.text());
        all.setProperty("label", label);
        all.setProperty("sha256", sha256);
        all.setProperty("md5", md5);
        var bytes = new ByteArrayOutputStream();
        all.store(bytes, "A SIP phone's account");
        return bytes.toByteArray();
    }

    static PhoneAccount read(byte[] bytes) throws IOException {
        var all = new Properties();
        all.load(new ByteArrayInputStream(bytes));
        try {
            return new PhoneAccount(
                    all.getProperty("user", ""),
                    Address.parse(all.getProperty("address", "")),
                    all.getProperty("label", ""),
                    all.getProperty("sha256", ""),
                    all.getProperty("md5", ""));
        } catch (IdentityException | IllegalArgumentException e) {
            throw new IOException("not a phone's account (" + e.getMessage() + ")", e);
        }
    }

    @Override
    public String toString() {
        return "PhoneAccount[" + user + " of " + address + "]";
    }
}
