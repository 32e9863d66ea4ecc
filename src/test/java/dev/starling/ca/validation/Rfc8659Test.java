package dev.starling.ca.validation;

import static dev.starling.Dnsmasq.caa;
import static dev.starling.Dnsmasq.mx;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Dnsmasq;
import dev.starling.ca.store.DomainLook;
import dev.starling.mail.NameServer;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Which CAA records count (RFC 8659, section 3), out of a real server.
class Rfc8659Test {
    private static final String CA = "ca.example.net";
    private static Optional<Dnsmasq> server = Optional.empty();

    @BeforeAll
    static void start() throws Exception {
        server = Optional.of(new Dnsmasq(
                mx("free.test", "mx.free.test"),
                mx("mine.test", "mx.free.test"),
                caa("mine.test", 0, "issuemail", CA + "; account=7"),
                mx("closed.test", "mx.free.test"),
                caa("closed.test", 0, "issuemail", ";"),
                mx("below.closed.test", "mx.free.test"),
                mx("far.far.below.closed.test", "mx.free.test"),
                mx("open.closed.test", "mx.free.test"),
                caa("open.closed.test", 0, "issuemail", CA),
                mx("web.closed.test", "mx.free.test"),
                caa("web.closed.test", 0, "issue", ";"),
                mx("critical.test", "mx.free.test"),
                caa("critical.test", 128, "new", "x"),
                mx("several.test", "mx.free.test"),
                caa("several.test", 0, "issuemail", "other.example"),
                caa("several.test", 0, "issuemail", CA),
                caa("several.test", 0, "iodef", "http://127.0.0.1:1/report"),
                // Closed by the domain at the top.
                mx("some.net", "mx.free.test"),
                caa("net", 0, "issuemail", "other.example"),
                // An alias of what is closed, and one of what is not, below what is.
                "--cname=alias.test,closed.test",
                "--cname=alias.closed.test,mine.test",
                "--cname=free.closed.test,free.test"));
    }

    @AfterAll
    static void stop() throws Exception {
        if (server.isPresent()) server.get().close();
    }

    private static DomainLook look(String domain) throws Exception {
        var dns = new MailDomain(NameServer.at(server.orElseThrow().place()), CA, Clock.systemUTC());
        return dns.look(domain);
    }

    private static void says(String verdict, String at, String domain) throws Exception {
        DomainLook look = look(domain);
        assertEquals(verdict, look.verdict(), look::toString);
        assertTrue(at.isEmpty() ? look.caa().isEmpty() : look.caa().startsWith(at + ": "), look::toString);
    }

    @Test
    void theRecordsOfTheDomainCount() throws Exception {
        says("allowed", "", "free.test");
        says("allowed", "mine.test", "mine.test");
        says("caa-others", "closed.test", "closed.test");
        says("allowed", "several.test", "several.test");
        assertTrue(look("mine.test").caa().contains("issuemail \"ca.example.net; account=7\""));
    }

    @Test
    void withoutAnyThoseOfTheNextOneUpwardsThatHasSome() throws Exception {
        says("caa-others", "closed.test", "below.closed.test");
        says("caa-others", "closed.test", "far.far.below.closed.test");
        says("caa-others", "net", "some.net");
    }

    @Test
    void theFirstNameWithRecordsIsTheOnlyOneThatCounts() throws Exception {
        says("allowed", "open.closed.test", "open.closed.test");
        // Even though they say nothing of mail.
        says("allowed", "web.closed.test", "web.closed.test");
    }

    @Test
    void anAliasHasTheRecordsOfItsTargetButNotThoseAboveIt() throws Exception {
        says("caa-others", "alias.test", "alias.test");
        says("allowed", "alias.closed.test", "alias.closed.test");
        // Its target has none: what is above the alias counts, not what is above the target.
        says("caa-others", "closed.test", "free.closed.test");
    }

    @Test
    void whatIsCriticalAndUnknownForbids() throws Exception {
        says("caa-critical", "critical.test", "critical.test");
    }
}
