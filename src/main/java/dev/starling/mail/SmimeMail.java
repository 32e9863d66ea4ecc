package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import jakarta.mail.internet.ContentType;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;

/// A mail that is signed by S/MIME, in one of its two forms (RFC 8551, sections 3.5.2 and 3.5.3): taken apart, and not
/// verified. What was signed is a MIME entity whose own header counts, and not that of the mail ([#message]).
///
/// @param content the octets that were signed
/// @param signed of RFC 5652, with the content
public record SmimeMail(byte[] content, CMSSignedData signed) {
    /// RFC 5652, section 5.1: what there may be of certificates. A chain has two or three.
    private static final int MAX_CERTIFICATES = 10;

    private static final String SIGNATURE = "application/(x-)?pkcs7-signature", MIME = "application/(x-)?pkcs7-mime";

    /// Whether it says that it is one, or an encrypted one.
    public static boolean isOne(RawMail mail) throws MailRefused {
        ContentType type = MimeParts.type(mail);
        return kind(type).matches(MIME)
                || type.match("multipart/signed")
                        && said(type, "protocol").toLowerCase(Locale.ROOT).matches(SIGNATURE);
    }

    private static String kind(ContentType type) {
        return type.getBaseType().toLowerCase(Locale.ROOT);
    }

    private static String said(ContentType type, String parameter) {
        String value = type.getParameter(parameter);
        return value == null ? "" : value;
    }

    public static SmimeMail read(RawMail mail) throws MailRefused {
        ContentType type = MimeParts.type(mail);
        return type.match("multipart/signed") ? detached(mail, type) : opaque(mail, type);
    }

    private static SmimeMail detached(RawMail mail, ContentType type) throws MailRefused {
        List<String> parts = MimeParts.of(mail, type);
        // RFC 1847, section 2.1.
        unless(parts.size() == 2, Reason.SMIME_STRUCTURE);
        RawMail signature = RawMail.cut(parts.getLast() + "\r\n");
        unless(kind(MimeParts.type(signature)).matches(SIGNATURE), Reason.SMIME_STRUCTURE);
        byte[] content = parts.getFirst().getBytes(StandardCharsets.ISO_8859_1);
        return parsed(der(signature), content);
    }

    private static SmimeMail opaque(RawMail mail, ContentType type) throws MailRefused {
        String kind = said(type, "smime-type").toLowerCase(Locale.ROOT);
        unless(!kind.equals("enveloped-data") && !kind.equals("authenveloped-data"), Reason.SMIME_ENCRYPTED);
        unless(kind.equals("signed-data"), Reason.SMIME_STRUCTURE);
        return parsed(der(mail), new byte[0]);
    }

    private static byte[] der(RawMail part) throws MailRefused {
        unless(MimeParts.encoding(part).equals("base64"), Reason.SMIME_STRUCTURE);
        try {
            return MimeParts.base64(part.body());
        } catch (MailRefused e) {
            throw new MailRefused(Reason.SMIME_STRUCTURE);
        }
    }

    /// @param detached what was signed, if it does not lie within
    private static SmimeMail parsed(byte[] der, byte[] detached) throws MailRefused {
        try {
            var bare = new CMSSignedData(der);
            var within = bare.getSignedContent();
            unless((within == null) == detached.length > 0, Reason.SMIME_STRUCTURE);
            unless(bare.getSignedContentTypeOID().equals(CMSObjectIdentifiers.data.getId()), Reason.SMIME_STRUCTURE);
            unless(bare.getCertificates().getMatches(null).size() <= MAX_CERTIFICATES, Reason.SMIME_STRUCTURE);
            // Of several signers one would be verified, and another one believed.
            unless(bare.getSignerInfos().size() == 1, Reason.SMIME_SIGNERS);
            if (within == null)
                return new SmimeMail(detached, new CMSSignedData(new CMSProcessableByteArray(detached), der));
            unless(within.getContent() instanceof byte[], Reason.SMIME_STRUCTURE);
            return new SmimeMail((byte[]) within.getContent(), bare);
        } catch (CMSException | RuntimeException e) {
            // The library throws whatever comes, also for what nests too deeply.
            throw new MailRefused(Reason.SMIME_STRUCTURE);
        }
    }

    /// The message that was signed, by its own header: the one of RFC 9788 (`hp="clear"`), or a whole message inside
    /// (RFC 8551, section 3.1). One of those must be, for nobody signs the header of the mail itself.
    public RawMail message() throws MailRefused {
        RawMail payload = RawMail.cut(new String(content, StandardCharsets.ISO_8859_1));
        ContentType type = MimeParts.type(payload);
        checkPlain(type);
        if (!type.match("message/rfc822")) {
            unless(said(type, "hp").equalsIgnoreCase("clear"), Reason.SMIME_HEADERS);
            return payload;
        }
        // A mail that was passed on is its writer's, not the signer's.
        unless(said(type, "forwarded").toLowerCase(Locale.ROOT).matches("|no"), Reason.SMIME_HEADERS);
        unless(MimeParts.encoding(payload).matches("7bit|8bit"), Reason.SMIME_STRUCTURE);
        RawMail message = RawMail.cut(new String(payload.body(), StandardCharsets.ISO_8859_1));
        checkPlain(MimeParts.type(message));
        return message;
    }

    private static void checkPlain(ContentType type) throws MailRefused {
        unless(!type.match("multipart/signed") && !kind(type).matches(MIME), Reason.SMIME_NESTED);
    }

    @Override
    public String toString() {
        return "SmimeMail[" + content.length + " octets]";
    }
}
