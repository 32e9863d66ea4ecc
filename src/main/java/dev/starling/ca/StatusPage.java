package dev.starling.ca;

import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.text.NumberFormat;
import java.util.Locale;

/// The page of a CA: what it is, how to know it, how to look into its log, how it is doing. Plain HTML, in the language
/// of the browser; no names, no addresses.
final class StatusPage {
    private static final String POLICY =
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'";

    interface Source {
        Standing now() throws IOException;
    }

    private final String base, fingerprint, logKey, sender;
    private final Source source;

    /// @param fingerprint of the root, SHA-256
    /// @param sender of its mails; "" in local mode
    StatusPage(String base, String fingerprint, String logKey, String sender, Source source) {
        this.base = base;
        this.fingerprint = fingerprint;
        this.logKey = logKey;
        this.sender = sender;
        this.source = source;
    }

    void mount(Routes routes) {
        routes.get("/", this::answer);
    }

    private Response answer(Request request) throws IOException {
        if (!request.path().equals("/")) return Response.problem(404, "There is nothing here.");
        boolean german = request.header("accept-language")
                .orElse("")
                .toLowerCase(Locale.ROOT)
                .startsWith("de");
        String html =
                page(german ? GERMAN : ENGLISH, NumberFormat.getInstance(german ? Locale.GERMAN : Locale.ENGLISH));
        return Response.of(200, "text/html; charset=utf-8", html.getBytes(StandardCharsets.UTF_8))
                .with("vary", "accept-language")
                .with("cache-control", "max-age=10")
                .with("referrer-policy", "no-referrer")
                .with("content-security-policy", POLICY);
    }

    private String page(String words, NumberFormat numbers) throws IOException {
        Standing now = source.now();
        boolean german = words.equals(GERMAN);
        String trouble = "";
        if (now.troubled() > 0) trouble = german ? MAIL_GERMAN : MAIL_ENGLISH;
        if (!now.lists()) trouble = german ? LISTS_GERMAN : LISTS_ENGLISH;
        return FRAME.replace("{language}", german ? "de" : "en")
                .replace("{words}", words)
                .replace(
                        "{trouble}",
                        trouble.isEmpty() ? "" : "<p class=\"trouble\" role=\"status\">" + trouble + "</p>")
                .replace("{sender}", sender.isEmpty() ? german ? TEST_GERMAN : TEST_ENGLISH : escaped(sender))
                .replace("{fingerprint}", escaped(fingerprint))
                .replace("{key}", escaped(logKey))
                .replace("{base}", escaped(base))
                .replace("{certificates}", numbers.format(now.certificates()))
                .replace("{entries}", numbers.format(now.entries()));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    private static final String FRAME = """
            <!doctype html>
            <html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,
            initial-scale=1">
            <meta name="color-scheme" content="light dark"><title>Starling</title>
            <style>
            :root { font: 1rem/1.5 system-ui, sans-serif; }
            main { max-width: 44rem; margin: 0 auto; padding: 1rem; }
            h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.1rem; margin-top: 2rem; }
            code { font: .95rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
            dt { font-weight: 600; margin-top: .75rem; } dd { margin: 0; }
            .trouble { border-left: .25rem solid #c2410c; padding: .5rem .75rem; }
            </style></head><body><main>{words}</main></body></html>
            """;

    private static final String TEST_ENGLISH = "nobody: a test, the mails stay on this computer";
    private static final String TEST_GERMAN = "niemandem: ein Test, die Mails bleiben auf diesem Computer";
    private static final String MAIL_ENGLISH = "Mails are not getting through at the moment. Codes come late.";
    private static final String MAIL_GERMAN = "Zurzeit kommen Mails nicht durch. Codes kommen verspätet.";
    private static final String LISTS_ENGLISH =
            "The list of withdrawn certificates is out of date. The operator has to look after it.";
    private static final String LISTS_GERMAN =
            "Die Liste der zurückgezogenen Zertifikate ist veraltet. Der Betreiber muss sich darum kümmern.";

    private static final String ENGLISH = """
            <h1>A certificate authority for e-mail addresses</h1>
            {trouble}
            <p>It mails a code to an address, and certifies a key of whoever sends the code back. Programs for calls
            and messages use that to
            know that somebody is who they say. It is asked once for each device and when a certificate is renewed.
            It does not learn who
            calls or writes to whom.</p>
            <p>If you got a mail from here and did not ask for it: somebody typed your address. Nothing happens
            unless the code is sent back.
            The link at its end stops such mails.</p>
            <h2>How to know it</h2>
            <dl><dt>Its mails come from</dt><dd>{sender}</dd>
            <dt>Root certificate, SHA-256</dt><dd><code>{fingerprint}</code></dd><dd><a
            href="{base}/acme/root.pem">Download</a></dd>
            <dt>For programs (ACME)</dt><dd><code>{base}/acme/directory</code></dd></dl>
            <h2>What it has certified</h2>
            <p>{certificates} certificates so far, {entries} in its public log. Nothing is certified that does not
            stand there first, so a wrong
            one would be found.</p>
            <dl><dt>The log</dt><dd><code>{base}/acme/log</code></dd><dt>Its key</dt><dd><code>{key}</code></dd>
            <dt>To check all of it</dt><dd><code>starling ca audit {base}/acme/log --key '{key}'</code></dd></dl>
            """;

    private static final String GERMAN = """
            <h1>Eine Zertifizierungsstelle für E-Mail-Adressen</h1>
            {trouble}
            <p>Sie schickt einen Code an eine Adresse und bestätigt einen Schlüssel dessen, der den Code
            zurückschickt. Programme für Anrufe und
            Nachrichten erkennen daran, dass jemand der ist, für den er sich ausgibt. Sie wird einmal für jedes Gerät
            gebraucht und wenn ein
            Zertifikat erneuert wird. Wer mit wem spricht oder schreibt, erfährt sie nicht.</p>
            <p>Wenn Sie eine Mail von hier bekamen und keine wollten: Jemand hat Ihre Adresse eingegeben. Es
            geschieht nichts, solange der Code
            nicht zurückkommt. Der Link am Ende der Mail verhindert weitere.</p>
            <h2>Woran man sie erkennt</h2>
            <dl><dt>Ihre Mails kommen von</dt><dd>{sender}</dd>
            <dt>Wurzelzertifikat, SHA-256</dt><dd><code>{fingerprint}</code></dd><dd><a
            href="{base}/acme/root.pem">Herunterladen</a></dd>
            <dt>Für Programme (ACME)</dt><dd><code>{base}/acme/directory</code></dd></dl>
            <h2>Was sie bestätigt hat</h2>
            <p>Bisher {certificates} Zertifikate, {entries} in ihrem öffentlichen Verzeichnis. Nichts wird bestätigt,
            was nicht vorher dort steht; ein
            falsches würde gefunden.</p>
            <dl><dt>Das Verzeichnis</dt><dd><code>{base}/acme/log</code></dd><dt>Sein Schlüssel</dt><dd><code>{key}</code></dd>
            <dt>Um es ganz zu prüfen</dt><dd><code>starling ca audit {base}/acme/log --key '{key}'</code></dd></dl>
            """;
}
