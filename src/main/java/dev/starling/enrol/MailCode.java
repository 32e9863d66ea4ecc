package dev.starling.enrol;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Jws;
import dev.starling.identity.DeviceId;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The 32-character code of `email-code-00`, from the mail to the answer.
final class MailCode {
    private static final int MAX_PASTED = 100_000;
    private static final Pattern ALONE = Pattern.compile("(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])");
    private static final Pattern ALL = Pattern.compile("[A-Za-z0-9_-]{32}");

    private MailCode() {}

    /// The code in a pasted text: the code alone, or the whole mail, with line breaks or blanks.
    static Optional<String> in(String pasted) {
        if (pasted.length() > MAX_PASTED) return Optional.empty();
        Matcher match = ALONE.matcher(pasted);
        if (match.find()) return Optional.of(match.group());
        String joined = pasted.replaceAll("[\\s\"'<>]", "").replaceFirst("(?i)^.*?ACME:", "");
        return ALL.matcher(joined).matches() ? Optional.of(joined) : Optional.empty();
    }

    /// @param token of the challenge
    static String response(String code, String token, ECKey account) {
        byte[] proof = (code + token + "." + Jws.thumbprint(account)).getBytes(StandardCharsets.US_ASCII);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(DeviceId.sha256(proof));
    }
}
