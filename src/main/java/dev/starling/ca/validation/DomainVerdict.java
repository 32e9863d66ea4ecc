package dev.starling.ca.validation;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// Whether mails may go to a domain and certificates be made for its mailboxes; and if not, why.
public enum DomainVerdict {
    ALLOWED(""),
    NO_DOMAIN("There is no domain %s. Check the address."),
    NO_MAIL("The domain %s has no mail server. Check the address."),
    NULL_MX("The domain %s says that it takes no mail. Check the address."),
    DEEP("The domain %s has more parts than this CA looks into, ten."),
    CAA_OTHERS(
            "The owner of %s does not let this CA certify its mailboxes (%s). If that is you, add a CAA record there:"
                    + " issuemail \"%s\"."),
    CAA_CRITICAL("The owner of %s demands something in its CAA records that this CA does not know (%s), so it does not"
            + " certify its mailboxes.");

    private final String words;

    DomainVerdict(String words) {
        this.words = words;
    }

    /// As it is stored.
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// Empty: the word of another version.
    public static Optional<DomainVerdict> of(String word) {
        return Arrays.stream(values()).filter(each -> each.word().equals(word)).findFirst();
    }

    /// The kind of error that it is (RFC 8555, section 6.7).
    public String type() {
        return switch (this) {
            case CAA_OTHERS, CAA_CRITICAL -> "caa";
            case NO_DOMAIN, NO_MAIL, NULL_MX -> "dns";
            case ALLOWED, DEEP -> "rejectedIdentifier";
        };
    }

    /// What people are told.
    ///
    /// @param caa the records that mattered
    /// @param issuer the name by which CAA records know this CA
    public String words(String domain, String caa, String issuer) {
        return String.format(Locale.ROOT, words, domain, caa, issuer);
    }
}
