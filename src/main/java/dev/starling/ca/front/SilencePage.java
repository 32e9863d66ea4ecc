package dev.starling.ca.front;

import dev.starling.ca.registration.Silence;
import dev.starling.web.RateLimit;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;

/// The page behind the link in each mail, where its reader says that no more are wanted, or takes that back. Opening it
/// changes nothing, because mail scanners open links; the button does (a POST).
final class SilencePage {
    private static final String PATH = "/acme/no-mail/";
    private static final int MAX_BODY = 100;

    private final Silence silence;
    private final Origin origin;
    private final RateLimit requests;

    SilencePage(Silence silence, Origin origin, RateLimit requests) {
        this.silence = silence;
        this.origin = origin;
        this.requests = requests;
    }

    void mount(Routes routes) {
        routes.get(PATH, request -> answer(request, false));
        routes.on("POST", PATH, MAX_BODY, request -> answer(request, true));
    }

    private Response answer(Request request, boolean changes) throws IOException {
        if (!requests.allows(origin.of(request)))
            return Response.problem(429, "Too many requests from your network. Wait half a minute.");
        Words words = request.header("accept-language")
                        .orElse("")
                        .toLowerCase(Locale.ROOT)
                        .startsWith("de")
                ? GERMAN
                : ENGLISH;
        Optional<String> address = silence.address(request.path().substring(PATH.length()));
        if (address.isEmpty()) return page(404, words, "<p>" + words.unknown + "</p>");
        if (changes) silence.set(address.get(), !request.text().equals("allow=1"));
        boolean silent = silence.isSilent(address.get());
        return page(
                200,
                words,
                "<p>" + (silent ? words.silent : words.open).replace("{address}", escaped(address.get())) + "</p>"
                        + "<form method=\"post\"><button"
                        + (silent ? " name=\"allow\" value=\"1\">" + words.allow : ">" + words.stop)
                        + "</button></form>");
    }

    private static Response page(int status, Words words, String inner) {
        String html = "<!doctype html><html lang=\"" + words.language + "\"><meta charset=\"utf-8\">"
                + "<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">"
                + "<title>" + words.title
                + "</title><style>body{font:1.1rem/1.5 system-ui;max-width:36rem;margin:12vh auto;"
                + "padding:0 1rem}button{font:inherit;padding:.6rem 1.2rem}</style><main><h1>" + words.title + "</h1>"
                + inner + "</main></html>";
        return new Response(
                        status,
                        java.util.Map.of("content-type", "text/html; charset=utf-8"),
                        html.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                        Optional.empty())
                .with("cache-control", "no-store")
                .with("referrer-policy", "no-referrer")
                .with("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'");
    }

    private static String escaped(String address) {
        return address.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private record Words(
            String language, String title, String open, String silent, String stop, String allow, String unknown) {}

    private static final Words ENGLISH = new Words(
            "en",
            "Mails with a code",
            "Somebody asked to be called and messaged as {address}, so this address got a mail. If you want no more such"
                    + " mails, whoever asks for them:",
            "{address} gets no more mails from here. Until you allow them again, nobody can prove this address here, you"
                    + " neither.",
            "No more mails",
            "Allow mails again",
            "This link is not from one of our mails. Copy it whole, or open it from the mail itself.");

    private static final Words GERMAN = new Words(
            "de",
            "Mails mit einem Code",
            "Jemand wollte als {address} angerufen und angeschrieben werden, darum bekam diese Adresse eine Mail. Wenn Sie"
                    + " keine solchen Mails mehr möchten, wer immer sie anfordert:",
            "{address} bekommt von hier keine Mails mehr. Bis Sie wieder welche zulassen, kann niemand diese Adresse hier"
                    + " nachweisen, auch Sie nicht.",
            "Keine Mails mehr",
            "Mails wieder zulassen",
            "Dieser Link ist nicht aus einer unserer Mails. Kopieren Sie ihn ganz, oder öffnen Sie ihn in der Mail.");
}
