package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/// Whether the domain of a mail's sender vouches for it (RFC 6376, section 6). Stricter than that standard where it
/// leaves room: the signature is of just that domain, covers what `DkimPolicy` names and the whole body, and its key is
/// a sound one; whoever signed for other domains beside it does not matter.
public final class DkimVerifier {
    /// Each may cost a question to the DNS; what comes after that many is not looked at.
    static final int MAX_SIGNATURES = 5;

    /// @param signature that verified, with its key
    public record Pass(DkimSignature signature, DkimKey key) {}

    private final DkimKeys keys;
    private final DkimPolicy policy;
    private final InstantSource clock;

    public DkimVerifier(DkimKeys keys, DkimPolicy policy, InstantSource clock) {
        this.keys = keys;
        this.policy = policy;
        this.clock = clock;
    }

    /// @throws MailRefused with the reason of the first signature of the domain that failed, if there is one
    /// @throws IOException none verified, but one could not be checked now
    public Pass verify(RawMail mail, Address from) throws MailRefused, IOException {
        // Else the second one would be shown, and the first one verified.
        unless(mail.all("from").size() == 1, Reason.FROM_SEVERAL);
        var signatures = mail.all("dkim-signature");
        unless(!signatures.isEmpty(), Reason.DKIM_NONE);
        var refused = new MailRefused(Reason.DKIM_OTHER_DOMAIN);
        var unanswered = new ArrayList<IOException>();
        for (var field : signatures.subList(0, Math.min(MAX_SIGNATURES, signatures.size())))
            try {
                return verify(mail, DkimSignature.parse(field, from.domain()), from);
            } catch (IOException e) {
                unanswered.add(e);
            } catch (MailRefused e) {
                if (worth(e) > worth(refused)) refused = e;
            }
        if (!unanswered.isEmpty()) throw unanswered.getFirst();
        throw refused;
    }

    /// What is wrong with a signature of the domain tells more than that there are others, or that one is rubbish.
    private static int worth(MailRefused refused) {
        return switch (refused.reason()) {
            case DKIM_OTHER_DOMAIN -> 0;
            case DKIM_SYNTAX -> 1;
            default -> 2;
        };
    }

    private Pass verify(RawMail mail, DkimSignature signature, Address from) throws MailRefused, IOException {
        signature.check(from, policy, clock.instant());
        // Before the key is asked for: it costs less.
        byte[] hash = DeviceId.sha256(signature.body().body(mail.body()));
        unless(MessageDigest.isEqual(hash, signature.bodyHash()), Reason.DKIM_BODY);
        var key = DkimKey.parse(keys.find(signature.selector(), signature.domain()), signature.algorithm());
        signature.check(key);
        // A signature may cover others, but not itself (RFC 6376, section 3.7).
        var others = mail.fields().stream()
                .filter(each -> !each.equals(signature.field()))
                .toList();
        byte[] data = signedData(
                new RawMail(others, mail.body()),
                signature.headers(),
                signature.field().raw(),
                signature.header());
        unless(signature.algorithm().verifies(key.key(), data, signature.signature()), Reason.DKIM_SIGNATURE);
        return new Pass(signature, key);
    }

    /// Sections 3.7 and 5.4.2: of several fields of a name the last one is signed first; one that is not there is
    /// nothing; at last comes the signature itself, its value left out, without a line end.
    static byte[] signedData(RawMail mail, List<String> headers, String signature, DkimCanonical form) {
        var used = new HashMap<String, Integer>();
        var data = new ByteArrayOutputStream();
        for (String name : headers) {
            var all = mail.all(name);
            int next = all.size() - used.merge(name, 1, Integer::sum);
            if (next >= 0)
                data.writeBytes(DkimCanonical.bytes(form.field(all.get(next).raw())));
        }
        String last = form.field(withoutB(signature));
        data.writeBytes(DkimCanonical.bytes(last.endsWith("\r\n") ? last.substring(0, last.length() - 2) : last));
        return data.toByteArray();
    }

    private static String withoutB(String field) {
        for (int at = field.indexOf(':') + 1; at > 0; at = field.indexOf(';', at) + 1) {
            int equals = field.indexOf('=', at), end = field.indexOf(';', at);
            if (equals >= 0 && field.substring(at, equals).strip().equals("b"))
                return field.substring(0, equals + 1) + (end < 0 ? "" : field.substring(end));
        }
        return field;
    }
}
