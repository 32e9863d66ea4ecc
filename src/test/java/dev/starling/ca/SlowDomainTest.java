package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Problem;
import dev.starling.ca.registration.Domains;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Order;
import dev.starling.ca.validation.FakeDns;
import dev.starling.ca.validation.MailDomain;
import dev.starling.mail.NameServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A domain whose DNS is slow is asked for by few at once, and no other domain waits for it.
class SlowDomainTest {
    @TempDir
    Path folder;

    @Test
    void aSlowDomainHasTwoTurnsAndOthersTheirs() throws Exception {
        Clock clock = Clock.systemUTC();
        // Nobody answers there, until the patience for one question ends.
        try (var store = CaStore.inFile(folder.resolve("ca.db"));
                var dns = new FakeDns(FakeDns.mail(), (answer, _) -> isSlow(answer) ? new byte[0] : answer);
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var domains = new Domains(
                    store, Optional.of(new MailDomain(NameServer.at(dns.place()), "ca.example", clock)), false, clock);
            Order slow = order(store, "mallory@slow.example"), fast = order(store, "bob@fast.example");
            var waiting = new ArrayList<Future<Boolean>>();
            for (int i = 0; i < 8; i++)
                waiting.add(all.submit(() -> {
                    assertThrows(Problem.class, () -> domains.check(slow));
                    return true;
                }));
            Thread.sleep(1000);
            long asked =
                    dns.asked.stream().filter(each -> each.contains("slow")).count();
            assertTrue(asked > 0 && asked <= 2, dns.asked::toString);
            domains.check(fast);
            for (var each : waiting) assertTrue(each.get());
        }
    }

    private static boolean isSlow(byte[] answer) {
        return new String(answer, StandardCharsets.ISO_8859_1).contains("slow");
    }

    private static Order order(CaStore store, String address) throws Exception {
        String id = Ready.order(
                store, address, "email-code-00", Clock.systemUTC().instant().getEpochSecond());
        return store.in(session -> session.orders().byId(id).orElseThrow());
    }
}
