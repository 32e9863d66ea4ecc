package dev.starling.sip.locating;

import dev.starling.sip.locating.Hop.Transport;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipUri;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/// RFC 3263, section 4: from a URI to the servers that may be asked for it, in the order in which to try them. Names
/// stay names: who goes there looks their addresses up, one after the other, and judges each.
///
/// Departs from RFC 3263, section 4.1, on the safe side: a domain that offers TLS, by NAPTR or by SRV of `_sips._tcp`,
/// is asked by TLS alone, whatever it prefers, so that nobody on the way takes TLS out.
public record NextHops(Names names, RandomGenerator random) {
    static final int MOST = 16;
    private static final Pattern NUMERIC = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[.*]");

    /// At least one; 416 for a transport that is not ours, 404 where the domain says that it has no such service, 503
    /// when the DNS does not answer.
    public List<Hop> of(SipUri uri) throws SipException {
        // Section 4: TARGET is maddr, if there is one.
        String target = uri.parameter("maddr").orElse(uri.host()).toLowerCase(Locale.ROOT);
        Optional<Transport> asked = asked(uri);
        Transport usual = uri.secure() ? Transport.TLS : Transport.UDP;
        // Sections 4.1 and 4.2: nothing is asked of the DNS where the URI says it all.
        if (NUMERIC.matcher(target).matches() || uri.port() > 0) {
            Transport transport = asked.orElse(usual);
            return List.of(new Hop(transport, target, uri.port() > 0 ? uri.port() : transport.port(), uri.host()));
        }
        try {
            Optional<List<Hop>> said = asked.isPresent()
                    ? services(asked.get(), target, uri.host())
                    : chosen(target, uri.host(), uri.secure());
            if (said.isEmpty()) {
                Transport transport = asked.orElse(usual);
                return List.of(new Hop(transport, target, transport.port(), uri.host()));
            }
            if (said.get().isEmpty()) throw new SipException(404, "Their domain says that it has no SIP");
            return said.get();
        } catch (IOException e) {
            throw new SipException(503, "The DNS does not answer", new SipException.Header("Retry-After", "10"));
        }
    }

    private static Optional<Transport> asked(SipUri uri) throws SipException {
        Optional<String> transport = uri.parameter("transport").map(each -> each.toLowerCase(Locale.ROOT));
        if (transport.isEmpty()) return Optional.empty();
        return Optional.of(
                switch (transport.get()) {
                    case "tls" -> Transport.TLS;
                    case "tcp" -> uri.secure() ? Transport.TLS : Transport.TCP;
                    case "udp" -> {
                        if (uri.secure()) throw new SipException(416, "No TLS by UDP");
                        yield Transport.UDP;
                    }
                    default -> throw new SipException(416, "Unsupported transport");
                });
    }

    /// Empty: the domain says nothing of any service.
    private Optional<List<Hop>> chosen(String target, String domain, boolean secure) throws IOException {
        List<Names.Naptr> rules = names.naptr(target).stream()
                .filter(rule -> rule.flags().equals("s") && !rule.replacement().isEmpty())
                .filter(rule -> transport(rule).isPresent())
                .filter(rule -> !secure || isTls(rule))
                .sorted(Comparator.comparingInt(Names.Naptr::order).thenComparingInt(Names.Naptr::preference))
                .toList();
        boolean tls = rules.stream().anyMatch(NextHops::isTls);
        var hops = new ArrayList<Hop>();
        for (Names.Naptr rule : rules)
            if (!tls || isTls(rule))
                hops.addAll(places(transport(rule).orElseThrow(), names.srv(rule.replacement()), domain));
        if (!hops.isEmpty()) return Optional.of(bounded(hops));
        // RFC 3263, section 4.1: without NAPTR a client asks for SRV of the transports that it knows.
        Optional<List<Hop>> byTls = services(Transport.TLS, target, domain);
        if (secure || byTls.filter(each -> !each.isEmpty()).isPresent()) return byTls;
        Optional<List<Hop>> byTcp = services(Transport.TCP, target, domain),
                byUdp = services(Transport.UDP, target, domain);
        if (byTls.isEmpty() && byTcp.isEmpty() && byUdp.isEmpty()) return Optional.empty();
        byTcp.ifPresent(hops::addAll);
        byUdp.ifPresent(hops::addAll);
        return Optional.of(bounded(hops));
    }

    private static boolean isTls(Names.Naptr rule) {
        return rule.service().equals("SIPS+D2T");
    }

    private static Optional<Transport> transport(Names.Naptr rule) {
        return switch (rule.service()) {
            case "SIPS+D2T" -> Optional.of(Transport.TLS);
            case "SIP+D2T" -> Optional.of(Transport.TCP);
            case "SIP+D2U" -> Optional.of(Transport.UDP);
            default -> Optional.empty();
        };
    }

    /// Empty: there is no SRV. An empty list: the domain says that it has no such service.
    private Optional<List<Hop>> services(Transport transport, String target, String domain) throws IOException {
        List<Srv> records = names.srv(transport.service() + target);
        return records.isEmpty() ? Optional.empty() : Optional.of(bounded(places(transport, records, domain)));
    }

    private List<Hop> places(Transport transport, List<Srv> records, String domain) {
        // RFC 2782: a target of "." says that there is no such service.
        List<Srv> real =
                records.stream().filter(each -> !each.target().isEmpty()).toList();
        return Srv.inTurn(real, MOST, random).stream()
                .map(each -> new Hop(transport, each.target(), each.port(), domain))
                .toList();
    }

    private static List<Hop> bounded(List<Hop> hops) {
        return List.copyOf(hops.subList(0, Math.min(MOST, hops.size())));
    }
}
