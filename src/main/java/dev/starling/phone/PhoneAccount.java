package dev.starling.phone;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.Properties;

/// What one SIP phone signs in with, and whose phone it is. Of the password only what digest authentication needs is
/// kept (RFC 7616, section 3.4.2), which is as good as the password for this one server, so as secret.
///
/// @param user name with which the phone registers
/// @param label by which the person knows the phone
/// @param isClassic whether it may call people of whom nothing is known at their ordinary SIP domains, unverified
/// @param md5 whether the phone knows no better algorithm and must not be offered one ([PhoneAccounts#knowsMd5Only])
public record PhoneAccount(String user, Address address, String label, Ha1 ha1, boolean isClassic, boolean md5) {
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
    public static PhoneAccount of(Address address, String label, String password, boolean isClassic, boolean md5) {
        String local = address.text().split("@", 2)[0].replaceAll("[^a-z0-9.-]", "");
        String user = local.substring(0, Math.min(40, local.length())) + "-" + random(4);
        return new PhoneAccount(user, address, label, Ha1.of(user, REALM, password), isClassic, md5);
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

    byte[] write() throws IOException {
        var all = new Properties();
        all.setProperty("user", user);
        all.setProperty("address", address.text());
        all.setProperty("label", label);
        all.setProperty("sha256", ha1.sha256());
        all.setProperty("md5", ha1.md5());
        all.setProperty("classic", String.valueOf(isClassic));
        all.setProperty("md5-only", String.valueOf(md5));
        var bytes = new ByteArrayOutputStream();
        all.store(bytes, "A SIP phone's account");
        return bytes.toByteArray();
    }

    static PhoneAccount read(byte[] bytes) throws IOException {
        var all = new Properties();
        try {
            all.load(new ByteArrayInputStream(bytes));
            return new PhoneAccount(
                    all.getProperty("user", ""),
                    Address.parse(all.getProperty("address", "")),
                    all.getProperty("label", ""),
                    new Ha1(all.getProperty("sha256", ""), all.getProperty("md5", "")),
                    all.getProperty("classic", "").equals("true"),
                    all.getProperty("md5-only", "").equals("true"));
        } catch (IdentityException | IllegalArgumentException e) {
            throw new IOException("not a phone's account (" + e.getMessage() + ")", e);
        }
    }

    @Override
    public String toString() {
        return "PhoneAccount[" + user + " of " + address + "]";
    }
}
