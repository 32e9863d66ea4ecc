package dev.starling.mail;

import dev.starling.ca.validation.AcceptedReply;
import dev.starling.ca.validation.Incoming;
import dev.starling.ca.validation.MailCode;
import dev.starling.ca.validation.OpenReplies;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/// Replies to challenges, and how to spoil them; a DNS with their keys; a CA that waits for them.
public final class Mails {
    public static final Instant NOW = Instant.parse("2026-11-30T10:00:00Z");
    public static final String PART1 = "abcdefghijklmnopqrstuvwxyzABCDEF", PART2 = "GHIJKLMNOPQRSTUVWXYZ0123456789-_";
    public static final String THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    public static final String RESPONSE = MailCode.response(PART1, PART2, THUMBPRINT);
    public static final Address CA = address("acme@ca.example"), BOB = address("bob@example.net");
    public static final KeyPair KEY = rsa(2048), ED25519 = ed25519();
    public static final String KEY_TXT = txt(KEY);
    public static final String ALL =
            "from:sender:reply-to:to:cc:subject:date:in-reply-to:references:message-id:content-type:"
                    + "content-transfer-encoding";

    public static final String BLOCK =
            "-----BEGIN ACME RESPONSE-----\r\n" + RESPONSE + "\r\n-----END ACME RESPONSE-----\r\n";

    public static final String HEAD = """
            From: Bob <Bob@Example.NET>
            To: acme@ca.example
            Subject: Re: ACME: %s
            Date: Mon, 30 Nov 2026 10:00:00 +0100
            Message-ID: <1@example.net>
            In-Reply-To: <2@ca.example>
            MIME-Version: 1.0
            Content-Type: text/plain; charset=us-ascii
            """.formatted(PART1).replace("\n", "\r\n");

    /// A good one, but for the signature.
    public static final String PLAIN = HEAD + "\r\nHere you are:\r\n" + BLOCK;

    private Mails() {}

    public static Address address(String text) {
        try {
            return Address.parse(text);
        } catch (IdentityException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    public static KeyPair rsa(int bits) {
        try {
            var generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(bits);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static KeyPair ed25519() {
        try {
            return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public static String txt(KeyPair key) {
        return "v=DKIM1; k=rsa; p="
                + Base64.getEncoder().encodeToString(key.getPublic().getEncoded());
    }

    public static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    public static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    public static Incoming incoming(String mail) {
        return new Incoming("bob@example.net", CA.text(), bytes(mail));
    }

    /// Hands a mail over by SMTP on the loopback.
    public static void submit(int port, String sender, String to, byte[] mail) throws MessagingException {
        var settings = new Properties();
        settings.put("mail.smtp.host", "127.0.0.1");
        settings.put("mail.smtp.port", "" + port);
        settings.put("mail.smtp.from", sender);
        var session = Session.getInstance(settings);
        try (var transport = session.getTransport("smtp")) {
            transport.connect();
            transport.sendMessage(
                    new MimeMessage(session, new ByteArrayInputStream(mail)),
                    new InternetAddress[] {new InternetAddress(to)});
        }
    }

    /// How a mail is signed; each field can be spoiled by itself.
    public record Signing(
            String a, String c, String d, String s, String h, String more, PrivateKey key, String bh, boolean sha1) {
        public static final Signing GOOD = new Signing(
                "rsa-sha256", "relaxed/relaxed", "example.net", "sel", ALL, "", KEY.getPrivate(), "", false);

        public Signing a(String name, PrivateKey with) {
            return new Signing(name, c, d, s, h, more, with, bh, sha1);
        }

        public Signing c(String forms) {
            return new Signing(a, forms, d, s, h, more, key, bh, sha1);
        }

        public Signing d(String domain) {
            return new Signing(a, c, domain, s, h, more, key, bh, sha1);
        }

        public Signing s(String selector) {
            return new Signing(a, c, d, selector, h, more, key, bh, sha1);
        }

        public Signing h(String headers) {
            return new Signing(a, c, d, s, headers, more, key, bh, sha1);
        }

        /// @param tags for example ` l=10;`
        public Signing more(String tags) {
            return new Signing(a, c, d, s, h, tags, key, bh, sha1);
        }

        public Signing key(PrivateKey with) {
            return new Signing(a, c, d, s, h, more, with, bh, sha1);
        }

        public String sign(String mail) {
            try {
                RawMail parsed = RawMail.cut(mail);
                boolean relaxed = c.startsWith("relaxed"), body = c.endsWith("relaxed");
                byte[] canonical = (body ? DkimCanonical.RELAXED : DkimCanonical.SIMPLE).body(parsed.body());
                String hash = bh.isEmpty()
                        ? Base64.getEncoder().encodeToString(dev.starling.identity.DeviceId.sha256(canonical))
                        : bh;
                String field = "DKIM-Signature: v=1; a=" + a + "; c=" + c + "; d=" + d + "; s=" + s + ";" + more
                        + "\r\n\th=" + h + ";\r\n\tbh=" + hash + ";\r\n\tb=";
                byte[] data = DkimVerifier.signedData(
                        parsed,
                        DkimTags.elements(h.toLowerCase(java.util.Locale.ROOT)),
                        field + "\r\n",
                        relaxed ? DkimCanonical.RELAXED : DkimCanonical.SIMPLE);
                boolean rsa = key.getAlgorithm().equals("RSA");
                var signature = Signature.getInstance(rsa ? "SHA256withRSA" : "Ed25519");
                signature.initSign(key);
                signature.update(rsa ? data : dev.starling.identity.DeviceId.sha256(data));
                return field + Base64.getEncoder().encodeToString(signature.sign()) + "\r\n" + mail;
            } catch (MailRefused | GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    public static String signed(String mail) {
        return Signing.GOOD.sign(mail);
    }

    /// Holds records by `selector._domainkey.domain`, and counts questions.
    public static final class Keys implements DkimKeys {
        public final Map<String, List<String>> txt =
                new HashMap<>(Map.of("sel._domainkey.example.net", List.of(KEY_TXT)));
        public int asked;
        public boolean broken;

        @Override
        public Answer find(String selector, String domain) throws IOException {
            asked++;
            if (broken) throw new IOException("nobody answers");
            return new Answer(txt.getOrDefault(selector + "._domainkey." + domain, List.of()), true);
        }
    }

    /// One open challenge.
    public static final class Open implements OpenReplies {
        public OpenReplies.Open one =
                new OpenReplies.Open("order-1", BOB, PART1, PART2, THUMBPRINT, NOW.plusSeconds(86_400), false);
        public Optional<AcceptedReply> reply = Optional.empty();
        public Optional<Reason> told = Optional.empty();

        @Override
        public Optional<OpenReplies.Open> find(String part1) {
            return part1.equals(one.part1()) ? Optional.of(one) : Optional.empty();
        }

        @Override
        public synchronized boolean replied(OpenReplies.Open open, AcceptedReply accepted) {
            if (reply.isPresent()) return false;
            reply = Optional.of(accepted);
            return true;
        }

        @Override
        public void refused(OpenReplies.Open open, Reason reason) {
            told = Optional.of(reason);
        }
    }
}
