package dev.starling.gate;

import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// `GET /about`: who runs this server, what it sees, what it does not, and for how long it keeps what. Plain HTML,
/// without a program; in the language that the query asks for (`?lang=de`), or else the browser.
///
/// What an operator says of himself is text from elsewhere: it is escaped, and becomes a link only if it is nothing but
/// an address.
public final class AboutPage {
    private static final List<String> LANGUAGES = List.of("en", "de");
    private static final Pattern MAIL = Pattern.compile("[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,253}"),
            URL = Pattern.compile("https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._~/?=&%+-]{0,512})?"),
            HOLE = Pattern.compile("\\{([a-z]+)}");
    private static final String POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
            + " form-action 'none'; frame-ancestors 'none'";

    /// Each may be empty.
    ///
    /// @param note paragraphs, apart by empty lines or `\n` written out
    public record Operator(String name, String contact, String note) {
        public static final Operator UNKNOWN = new Operator("", "", "");
    }

    /// What the page says of one server.
    ///
    /// @param host under which it is reached
    /// @param ca host of the CA to which it sends people
    /// @param key its own, as everybody's programs know it
    /// @param relays whether it passes on calls that get through no other way
    public record Facts(Operator operator, String host, String ca, String key, boolean relays) {}

    private final Map<String, byte[]> pages = new HashMap<>();

    public AboutPage(Facts facts) {
        for (String language : LANGUAGES)
            pages.put(language, page(language, facts).getBytes(StandardCharsets.UTF_8));
    }

    public void mount(Routes routes) {
        routes.get("/about", this::answer);
    }

    private Response answer(Request request) {
        String language = language(request.query(), request.header("accept-language"));
        return Response.of(200, "text/html; charset=utf-8", pages.getOrDefault(language, new byte[0]))
                .with("content-language", language)
                .with("vary", "accept-language")
                .with("cache-control", "no-cache")
                .with("referrer-policy", "no-referrer")
                .with("content-security-policy", POLICY);
    }

    /// The first that the page has, as the app does it; weights are left out of account (RFC 9110, section 12.5.4),
    /// since browsers send the languages in their order.
    static String language(String query, Optional<String> accepted) {
        for (String each : LANGUAGES) if (query.equals("lang=" + each)) return each;
        return Arrays.stream(accepted.orElse("").split(",", 32))
                .map(each -> each.strip().split("[-;]", 2)[0])
                .filter(LANGUAGES::contains)
                .findFirst()
                .orElse(LANGUAGES.getFirst());
    }

    private static String page(String language, Facts facts) {
        var operator = facts.operator;
        var texts = Map.of(
                "name", operator.name.isEmpty() ? part(language, "nameless") : "<b>" + text(operator.name) + "</b>",
                "contact", operator.contact.isEmpty() ? part(language, "unreachable") : link(operator.contact),
                "note", note(operator.note),
                "host", text(facts.host),
                "ca", text(facts.ca),
                "key", text(facts.key),
                "relay", part(language, facts.relays ? "relay" : "relayless"),
                "limit", part(language, facts.relays ? "limit" : "limitless"));
        return HOLE.matcher(part(language, "page"))
                .replaceAll(hole ->
                        java.util.regex.Matcher.quoteReplacement(Optional.ofNullable(texts.get(hole.group(1)))
                                .orElseThrow(() -> new IllegalStateException("no text for " + hole.group()))));
    }

    /// One part of about.LANGUAGE.html; each begins with a line `<!-- NAME -->`.
    private static String part(String language, String name) {
        try (var in = AboutPage.class.getResourceAsStream("about." + language + ".html")) {
            if (in == null) throw new IllegalStateException("no page in " + language);
            String all = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            String begin = "<!-- " + name + " -->\n";
            int from = all.indexOf(begin);
            if (from < 0) throw new IllegalStateException("no part " + name + " in " + language);
            int end = all.indexOf("<!-- ", from + begin.length());
            return all.substring(from + begin.length(), end < 0 ? all.length() : end)
                    .strip();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String note(String text) {
        if (text.isBlank()) return "";
        return Arrays.stream(text.replace("\\n", "\n").split("\n+"))
                .filter(each -> !each.isBlank())
                .map(each -> "<p dir=\"auto\">" + text(each.strip()) + "</p>")
                .collect(Collectors.joining("\n"));
    }

    private static String link(String contact) {
        String shown = text(contact);
        if (MAIL.matcher(contact).matches()) return "<a href=\"mailto:" + shown + "\">" + shown + "</a>";
        if (URL.matcher(contact).matches()) return "<a href=\"" + shown + "\" rel=\"noopener\">" + shown + "</a>";
        return shown;
    }

    /// As HTML, with what cannot be seen or turns the direction of writing shown by its number.
    private static String text(String raw) {
        var out = new StringBuilder();
        raw.codePoints().forEach(c -> {
            int type = Character.getType(c);
            if (type == Character.CONTROL || type == Character.FORMAT || type == Character.SURROGATE)
                out.append(String.format("⟨U+%04X⟩", c));
            else if ("&<>\"'{}".indexOf(c) >= 0) out.append("&#").append(c).append(';');
            else out.appendCodePoint(c);
        });
        return out.toString();
    }
}
