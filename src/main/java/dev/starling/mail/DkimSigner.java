package dev.starling.mail;

import dev.starling.identity.DeviceId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/// Signs the mails of one domain (RFC 6376, section 5) with RSA of 2048 bits, which every receiver understands
/// (RFC 8301, section 3.2). The key lies in a file of its own, made on first use.
public final class DkimSigner {
    /// RFC 8823, section 3.1: what must be signed, present or not, and what should be. From stands twice, so that no
    /// second one can be added (RFC 6376, section 8.15).
    static final List<String> HEADERS = List.of(
            "from",
            "from",
            "sender",
            "reply-to",
            "to",
            "cc",
            "subject",
            "date",
            "in-reply-to",
            "references",
            "message-id",
            "auto-submitted",
            "content-type",
            "content-transfer-encoding",
            "mime-version",
            "resent-date",
            "resent-from",
            "resent-to",
            "resent-cc",
            "list-id",
            "list-help",
            "list-unsubscribe",
            "list-subscribe",
            "list-post",
            "list-owner",
            "list-archive",
            "list-unsubscribe-post");

    private static final int BITS = 2048, MAX_LINE = 76, MAX_STRING = 255;
    private static final Pattern SELECTOR = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

    private final KeyPair key;
    private final String domain, selector;
    private final InstantSource clock;

    /// @param domain of the From of what is signed
    /// @param selector one DNS label
    public DkimSigner(KeyPair key, String domain, String selector, InstantSource clock) {
        if (!SELECTOR.matcher(selector).matches()) throw new IllegalArgumentException("not a selector");
        this.key = key;
        this.domain = domain;
        this.selector = selector;
        this.clock = clock;
    }

    /// With the key in that file (PKCS#8), which is made when there is none and which only its owner can read.
    ///
    /// @throws IOException it cannot be read or written, or is no such key; one that is there is never replaced
    public static DkimSigner open(Path file, String domain, String selector, InstantSource clock) throws IOException {
        try {
            if (!Files.exists(file)) make(file);
            var factory = KeyFactory.getInstance("RSA");
            var secret = (RSAPrivateCrtKey) factory.generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(file)));
            if (secret.getModulus().bitLength() < BITS) throw new IOException("the DKIM key is too small: " + file);
            var open = factory.generatePublic(new RSAPublicKeySpec(secret.getModulus(), secret.getPublicExponent()));
            return new DkimSigner(new KeyPair(open, secret), domain, selector, clock);
        } catch (GeneralSecurityException | ClassCastException e) {
            throw new IOException("not a DKIM key: " + file, e);
        }
    }

    private static void make(Path file) throws IOException, GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(BITS);
        byte[] secret = generator.generateKeyPair().getPrivate().getEncoded();
        boolean posix = Files.getFileStore(file.toAbsolutePath().getParent()).supportsFileAttributeView("posix");
        FileAttribute<?>[] owner = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        // Whole or not at all: half a key would stop every later start.
        Path fresh = Files.createTempFile(file.toAbsolutePath().getParent(), "dkim", ".new", owner);
        Files.write(fresh, secret, StandardOpenOption.SYNC);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /// Where the key must be published.
    public String name() {
        return selector + "._domainkey." + domain;
    }

    /// The TXT record to publish there.
    public String txt() {
        return "v=DKIM1; k=rsa; p="
                + Base64.getEncoder().encodeToString(key.getPublic().getEncoded());
    }

    /// The same as a line for a zone file, in strings of 255 characters at most (RFC 1035, section 3.3).
    public String zoneLine() {
        return name() + ". IN TXT ( \"" + txt().replaceAll("(.{" + MAX_STRING + "})(?=.)", "$1\" \"") + "\" )";
    }

    /// The mail with its signature in front. Whatever is changed afterwards breaks it.
    ///
    /// @param mail as it will be sent, with CRLF at the end of each line
    public byte[] sign(byte[] mail) {
        try {
            RawMail parsed = RawMail.parse(mail);
            String field = folded(parsed.body());
            byte[] data = DkimVerifier.signedData(parsed, HEADERS, field + "\r\n", DkimCanonical.RELAXED);
            var signing = Signature.getInstance("SHA256withRSA");
            signing.initSign(key.getPrivate());
            signing.update(data);
            String b = Base64.getEncoder().encodeToString(signing.sign()).replaceAll("(.{72})(?=.)", "$1\r\n ");
            byte[] head = (field + b + "\r\n").getBytes(StandardCharsets.US_ASCII);
            byte[] all = Arrays.copyOf(head, head.length + mail.length);
            System.arraycopy(mail, 0, all, head.length, mail.length);
            return all;
        } catch (MailRefused | GeneralSecurityException e) {
            throw new IllegalStateException("a mail of ours cannot be signed", e);
        }
    }

    /// All of the field but the value of `b=`. In lines, because a long one would be folded on its way.
    private String folded(byte[] body) {
        String hash = Base64.getEncoder().encodeToString(DeviceId.sha256(DkimCanonical.RELAXED.body(body)));
        var field = new StringBuilder("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=" + domain + ";\r\n s="
                + selector + "; t=" + clock.instant().getEpochSecond() + ";\r\n h=");
        int line = 3;
        for (String name : HEADERS) {
            if (line + name.length() + 1 > MAX_LINE) {
                field.append("\r\n  ");
                line = 2;
            }
            field.append(name).append(':');
            line += name.length() + 1;
        }
        field.setLength(field.length() - 1);
        return field.append(";\r\n bh=").append(hash).append(";\r\n b=").toString();
    }
}
