package dev.starling.ca.validation;

import java.util.Locale;

/// The mail that carries a certificate to whoever asked for it without an account. It is no secret, and worth nothing
/// without the key, which never left the one who made it.
final class CertificateMail {
    private CertificateMail() {}

    /// @param chain PEM, leaf first
    /// @param language an Accept-Language header; English unless it prefers German
    static Mailer.Letter letter(String address, String chain, String language) {
        boolean german = language.toLowerCase(Locale.ROOT).startsWith("de");
        return new Mailer.Letter(
                address,
                german ? "Ihr Zertifikat" : "Your certificate",
                (german ? GERMAN : ENGLISH).replace("{address}", address) + "\n" + chain,
                "",
                "");
    }

    private static final String ENGLISH = """
            The code that was mailed to {address} came back, so here is the certificate for this address. It works together with the
            private key on the computer that asked for it, and with nothing else.

            If nobody who reads this mailbox asked for it, somebody else read the mail with the code: withdraw the certificate, and look
            who can read your mail.
            """;

    private static final String GERMAN = """
            Der Code, der an {address} ging, kam zurück; hier ist das Zertifikat für diese Adresse. Es gilt nur zusammen mit dem privaten
            Schlüssel auf dem Computer, der es angefordert hat.

            Wenn niemand, der dieses Postfach liest, es angefordert hat, dann hat jemand anderes die Mail mit dem Code gelesen: Ziehen Sie
            das Zertifikat zurück, und prüfen Sie, wer Ihre Mails lesen kann.
            """;
}
