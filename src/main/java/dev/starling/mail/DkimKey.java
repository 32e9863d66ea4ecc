package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import java.security.PublicKey;
import java.util.Base64;
import java.util.List;

/// A domain's key record (RFC 6376, section 3.6.1), as far as it may be used for the mail at hand.
///
/// @param txt the record as it was published, for the evidence
/// @param exact the signature must name the domain itself and no subdomain (`t=s`)
/// @param weak RSA below 2048 bits
/// @param authentic DNSSEC vouches for it
public record DkimKey(PublicKey key, String txt, boolean exact, boolean weak, boolean authentic) {
    private static final int MAX_LENGTH = 4_096;

    public static DkimKey parse(DkimKeys.Answer answer, DkimAlgorithm algorithm) throws MailRefused {
        unless(!answer.txt().isEmpty(), Reason.DKIM_KEY_NONE);
        // Section 3.6.2.2: which of several is meant is not defined.
        unless(answer.txt().size() == 1, Reason.DKIM_KEY_SEVERAL);
        String txt = answer.txt().getFirst();
        unless(txt.length() <= MAX_LENGTH, Reason.DKIM_KEY_SYNTAX);
        var tags = DkimTags.parse(txt, Reason.DKIM_KEY_SYNTAX);
        // The version must stand first, if it stands at all.
        unless(tags.get("v").isEmpty() || txt.matches("(?s)\\s*v\\s*=\\s*DKIM1\\s*(;.*)?"), Reason.DKIM_KEY_SYNTAX);
        String p = tags.get("p").orElseThrow(() -> new MailRefused(Reason.DKIM_KEY_SYNTAX));
        unless(!p.isEmpty(), Reason.DKIM_KEY_REVOKED);
        unless(tags.get("k").orElse("rsa").equals(algorithm.keyType), Reason.DKIM_KEY_USE);
        unless(DkimTags.elements(tags.get("h").orElse("sha256")).contains("sha256"), Reason.DKIM_KEY_USE);
        var services = DkimTags.elements(tags.get("s").orElse("*"));
        unless(services.contains("*") || services.contains("email"), Reason.DKIM_KEY_USE);
        List<String> flags = DkimTags.elements(tags.get("t").orElse(""));
        // Section 3.6.1: mail signed with a key under test is as good as unsigned mail.
        unless(!flags.contains("y"), Reason.DKIM_KEY_TEST);
        PublicKey key = algorithm.key(base64(p, Reason.DKIM_KEY_SYNTAX));
        return new DkimKey(key, txt, flags.contains("s"), DkimAlgorithm.isWeak(key), answer.authentic());
    }

    static byte[] base64(String text, Reason what) throws MailRefused {
        try {
            return Base64.getDecoder().decode(text.replaceAll("\\s", ""));
        } catch (IllegalArgumentException e) {
            throw new MailRefused(what);
        }
    }
}
