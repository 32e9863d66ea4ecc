package dev.starling.gate;

import dev.starling.sip.locating.Srv;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;

/// Service records by the JDK's own resolver: over UDP, and TCP where an answer is too long for that. What it gives
/// is taken apart strictly, and so many at most; what of an answer cannot be read, or does not come over TCP, counts
/// as not there.
///
/// @param server `host:port` to ask; empty for those that the system asks
/// @param patience for the first try at one server; the second has twice that
public record Dns(Optional<String> server, Duration patience) implements ServiceRecords {
    private static final Pattern RECORD = Pattern.compile("([0-9]{1,5}) ([0-9]{1,5}) ([0-9]{1,5}) (\\S{1,255})");
    private static final Pattern HOST =
            Pattern.compile("(?!.{254})[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*");
    private static final int MAX_RECORDS = 64, MAX_NUMBER = 65_535;

    // The provider for the DNS alone, named here and not by anybody's text: it makes strings of records, no objects.
    @SuppressWarnings("BanJNDI")
    @Override
    public List<Srv> of(String name) throws IOException {
        try {
            var context = new InitialDirContext(settings());
            try {
                var found = Optional.ofNullable(
                        context.getAttributes(name, new String[] {"SRV"}).get("SRV"));
                return found.isEmpty() ? List.of() : places(found.get());
            } finally {
                context.close();
            }
        } catch (NameNotFoundException e) {
            System.getLogger("starling.gate").log(System.Logger.Level.TRACE, "no such name", e);
            return List.of();
        } catch (NamingException e) {
            throw new IOException("the DNS does not answer (" + e.getMessage() + ")", e);
        }
    }

    @SuppressWarnings("JdkObsolete") // what the interface of the JDK takes
    private Hashtable<String, String> settings() {
        var settings = new Hashtable<String, String>();
        settings.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
        settings.put(Context.PROVIDER_URL, server.map(each -> "dns://" + each).orElse("dns:"));
        settings.put("com.sun.jndi.dns.timeout.initial", String.valueOf(patience.toMillis()));
        settings.put("com.sun.jndi.dns.timeout.retries", "2");
        return settings;
    }

    private static List<Srv> places(Attribute records) throws NamingException {
        var places = new ArrayList<Srv>();
        var all = records.getAll();
        try {
            while (all.hasMore() && places.size() < MAX_RECORDS)
                place(String.valueOf(all.next())).ifPresent(places::add);
        } finally {
            all.close();
        }
        return places;
    }

    // RFC 2782: a target of "." says that there is no such service; it is no host name either.
    private static Optional<Srv> place(String record) {
        var parts = RECORD.matcher(record);
        if (!parts.matches()) return Optional.empty();
        int priority = Integer.parseInt(parts.group(1)), weight = Integer.parseInt(parts.group(2));
        int port = Integer.parseInt(parts.group(3));
        String target = parts.group(4).toLowerCase(Locale.ROOT).replaceFirst("\\.$", "");
        boolean sound = Math.max(priority, Math.max(weight, port)) <= MAX_NUMBER
                && port > 0
                && HOST.matcher(target).matches();
        return sound ? Optional.of(new Srv(priority, weight, port, target)) : Optional.empty();
    }
}
