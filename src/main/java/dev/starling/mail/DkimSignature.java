package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// One DKIM-Signature field (RFC 6376, section 3.5), read and found usable, but not verified.
///
/// @param headers what is signed, in lower case, in the order of signing
/// @param identity `i=`, or `@` and the domain
public record DkimSignature(
        RawMail.Field field,
        DkimAlgorithm algorithm,
        String domain,
        String selector,
        List<String> headers,
        DkimCanonical header,
        DkimCanonical body,
        byte[] bodyHash,
        byte[] signature,
        String identity,
        Optional<Instant> signed,
        Optional<Instant> expires) {
    private static final int MAX_HEADERS = 100, MAX_SIGNATURE = 1024, SHA256 = 32, MAX_NAME = 253;
    private static final Pattern NAME =
            Pattern.compile("[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*");
    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,12}");
    /// How wrong the clock of another server may be.
    private static final Duration SKEW = Duration.ofMinutes(5);

    /// @param sender the domain of the From; a signature of another one is not read any further
    static DkimSignature parse(RawMail.Field field, String sender) throws MailRefused {
        var tags = DkimTags.parse(field.value(), Reason.DKIM_SYNTAX);
        unless(tags.need("v", Reason.DKIM_SYNTAX).equals("1"), Reason.DKIM_SYNTAX);
        String domain = name(tags.need("d", Reason.DKIM_SYNTAX));
        unless(domain.equals(sender), Reason.DKIM_OTHER_DOMAIN);
        var algorithm = DkimAlgorithm.of(tags.need("a", Reason.DKIM_SYNTAX));
        unless(algorithm.isPresent(), Reason.DKIM_ALGORITHM);
        // Whatever is added to the text beyond that length would count as signed.
        unless(tags.get("l").isEmpty(), Reason.DKIM_LENGTH);
        unless(
                tags.get("q").isEmpty()
                        || DkimTags.elements(tags.get("q").get()).contains("dns/txt"),
                Reason.DKIM_SYNTAX);
        var headers = DkimTags.elements(tags.need("h", Reason.DKIM_SYNTAX).toLowerCase(Locale.ROOT));
        unless(headers.size() <= MAX_HEADERS && headers.contains("from"), Reason.DKIM_HEADERS);
        var forms = forms(tags.get("c").orElse("simple/simple"));
        byte[] bodyHash = DkimKey.base64(tags.need("bh", Reason.DKIM_SYNTAX), Reason.DKIM_SYNTAX);
        byte[] signature = DkimKey.base64(tags.need("b", Reason.DKIM_SYNTAX), Reason.DKIM_SYNTAX);
        unless(bodyHash.length == SHA256 && signature.length <= MAX_SIGNATURE, Reason.DKIM_SYNTAX);
        return new DkimSignature(
                field,
                algorithm.get(),
                domain,
                name(tags.need("s", Reason.DKIM_SYNTAX)),
                headers,
                forms.getFirst(),
                forms.getLast(),
                bodyHash,
                signature,
                tags.get("i").orElse("@" + domain),
                time(tags.get("t")),
                time(tags.get("x")));
    }

    private static String name(String value) throws MailRefused {
        String name = value.toLowerCase(Locale.ROOT);
        unless(name.length() <= MAX_NAME && NAME.matcher(name).matches(), Reason.DKIM_SYNTAX);
        return name;
    }

    private static List<DkimCanonical> forms(String value) throws MailRefused {
        return switch (value) {
            case "simple", "simple/simple" -> List.of(DkimCanonical.SIMPLE, DkimCanonical.SIMPLE);
            case "relaxed", "relaxed/simple" -> List.of(DkimCanonical.RELAXED, DkimCanonical.SIMPLE);
            case "simple/relaxed" -> List.of(DkimCanonical.SIMPLE, DkimCanonical.RELAXED);
            case "relaxed/relaxed" -> List.of(DkimCanonical.RELAXED, DkimCanonical.RELAXED);
            default -> throw new MailRefused(Reason.DKIM_SYNTAX);
        };
    }

    private static Optional<Instant> time(Optional<String> seconds) throws MailRefused {
        if (seconds.isEmpty()) return Optional.empty();
        unless(SECONDS.matcher(seconds.get()).matches(), Reason.DKIM_SYNTAX);
        return Optional.of(Instant.ofEpochSecond(Long.parseLong(seconds.get())));
    }

    /// Whether it may count for a mail from that address: all that needs no key.
    void check(Address from, DkimPolicy policy, Instant now) throws MailRefused {
        unless(headers.containsAll(policy.headers()), Reason.DKIM_HEADERS);
        int at = identity.lastIndexOf('@');
        unless(at >= 0, Reason.DKIM_SYNTAX);
        String of = name(identity.substring(at + 1));
        unless(of.equals(domain) || of.endsWith("." + domain), Reason.DKIM_SYNTAX);
        // Who the domain says it was must not be somebody else.
        unless(at == 0 || same(from), Reason.DKIM_IDENTITY);
        if (signed.isPresent()) unless(!signed.get().isAfter(now.plus(SKEW)), Reason.DKIM_FUTURE);
        if (expires.isPresent()) {
            unless(signed.isEmpty() || expires.get().isAfter(signed.get()), Reason.DKIM_SYNTAX);
            unless(expires.get().isAfter(now), Reason.DKIM_EXPIRED);
        }
    }

    private boolean same(Address from) {
        try {
            return Address.parse(identity).equals(from);
        } catch (IdentityException e) {
            return false;
        }
    }

    /// Section 3.6.1, `t=s`.
    void check(DkimKey key) throws MailRefused {
        unless(!key.exact() || identity.toLowerCase(Locale.ROOT).endsWith("@" + domain), Reason.DKIM_IDENTITY);
    }
}
