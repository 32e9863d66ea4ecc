package dev.starling.ca.validation;

import dev.starling.acme.Json;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Local mode's mail server: a page on the loopback that shows what would have been mailed. Never mounted otherwise.
public final class TestMailbox implements Mailer {
    public static final int MAX_MAILS = 500;
    private static final Pattern LOOPBACK_HOST =
            Pattern.compile("(localhost|127(\\.[0-9]{1,3}){3}|\\[::1\\])(:[0-9]{1,5})?", Pattern.CASE_INSENSITIVE);

    private record Mail(Instant at, String to, String subject, String text) {}

    private final Clock clock;
    private final ArrayDeque<Mail> mails = new ArrayDeque<>();

    public TestMailbox(Clock clock) {
        this.clock = clock;
    }

    @Override
    public synchronized void send(String to, String subject, String text) {
        mails.addFirst(new Mail(clock.instant(), to, subject, text));
        if (mails.size() > MAX_MAILS) mails.removeLast();
    }

    private synchronized List<Mail> of(String address) {
        return mails.stream()
                .filter(m -> address.isEmpty() || m.to.equals(address))
                .toList();
    }

    public void mount(Routes routes) {
        routes.get("/mailbox/", this::page);
        routes.get("/mailbox/api/", this::api);
        routes.get(
                "/mailbox/mailbox.css",
                _ -> Response.of(200, "text/css; charset=utf-8", CSS.getBytes(StandardCharsets.UTF_8)));
    }

    private Response page(Request request) throws WebException {
        local(request);
        String address = decoded(request.path().substring("/mailbox/".length()));
        var body = new StringBuilder();
        for (Mail mail : of(address))
            body.append("<article><h2>")
                    .append(html(mail.subject))
                    .append("</h2><p>To ")
                    .append(html(mail.to))
                    .append(", ")
                    .append(mail.at.toString(), 0, 19)
                    .append(" UTC</p><pre>")
                    .append(html(mail.text))
                    .append("</pre></article>");
        if (body.isEmpty()) body.append("<p>No mail yet. Reload this page after you asked for a code.</p>");
        return Response.html(PAGE.replace("{mails}", body))
                .with("cache-control", "no-store")
                .with("referrer-policy", "no-referrer")
                .with(
                        "content-security-policy",
                        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    }

    private Response api(Request request) throws WebException {
        local(request);
        var list = new ArrayList<String>();
        for (Mail mail : of(decoded(request.path().substring("/mailbox/api/".length()))))
            list.add(Json.write(Map.of("to", mail.to, "subject", mail.subject, "text", mail.text)));
        return Response.json(200, "[" + String.join(",", list) + "]").with("cache-control", "no-store");
    }

    // Also a page of some other site, open in a browser on this computer, must not read the codes: neither by
    // asking directly nor under a name of its own that leads here.
    private static void local(Request request) throws WebException {
        boolean foreign = request.header("sec-fetch-site").orElse("none").equals("cross-site")
                && !request.header("sec-fetch-mode").orElse("").equals("navigate");
        if (foreign
                || !request.remote().isLoopbackAddress()
                || !LOOPBACK_HOST.matcher(request.header("host").orElse("")).matches())
            throw new WebException(403, "The test mailbox is for this computer only.");
    }

    private static String decoded(String part) throws WebException {
        try {
            return URLDecoder.decode(part, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new WebException(400, "Not an address.");
        }
    }

    private static String html(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    private static final String PAGE = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Test mailbox</title><link rel="stylesheet" href="/mailbox/mailbox.css"></head>
            <body><main><h1>Test mailbox</h1>
            <p class="banner">Test mode: these mails stay on this computer. Nobody's address is really proven.</p>
            {mails}</main></body></html>
            """;

    private static final String CSS = """
            :root { color-scheme: light dark; font: 14px/20px system-ui, sans-serif; }
            main { max-width: 720px; margin: 0 auto; padding: 16px; }
            h1 { font-size: 20px; line-height: 28px; }
            h2 { font: 600 15px/22px ui-monospace, monospace; overflow-wrap: anywhere; margin: 0; }
            .banner { padding: 8px 12px; border-radius: 8px; background: #fdf0d0; color: #4d2f08; }
            article { border-top: 1px solid #8888; padding: 12px 0; }
            pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 14px/20px ui-monospace, monospace; }
            """;
}
