package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.ca.TestCa;
import dev.starling.enrol.Enrolment;
import dev.starling.identity.Address;
import dev.starling.identity.Anchor;
import dev.starling.identity.AnchorLog;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.log.LogPolicy;
import dev.starling.phone.PhoneAccount;
import dev.starling.phone.PhoneFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A peer's phones at a real CA over HTTP: a log that answers slowly, or a key that cannot be read, keeps up no
/// renewal.
class PhoneRenewalTest {
    @TempDir
    private Path folder;

    private TestCa ca;
    private CertificateVerifier verifier;
    private PhoneFolder phones;
    private final List<Runnable> timed = new ArrayList<>();

    PhoneRenewalTest() {}

    @BeforeEach
    void start() throws Exception {
        ca = new TestCa(Files.createDirectory(folder.resolve("ca")));
        phones = new PhoneFolder(folder.resolve("phones"));
        var log = new AnchorLog(new LogPolicy(ca.log.key(), List.of(), 0), ca.base + "/acme/log", true);
        verifier = new CertificateVerifier(
                TrustAnchors.limited(List.of(Anchor.of(ca.issuer.root()).with(log))), false);
    }

    @AfterEach
    void stop() throws Exception {
        ca.close();
    }

    private PhoneAccount phone(String whose) throws Exception {
        var account = PhoneAccount.of(new Address(whose), "desk", PhoneAccount.newPassword(), false, false);
        new Enrolment(ca.directory(), verifier, ca.clock)
                .enrol(
                        account.address(),
                        phones.key(account.user()),
                        (_, _) -> Optional.of(ca.letters.last().code()));
        phones.complete(account);
        return account;
    }

    private boolean isDue(PhoneAccount phone) {
        try {
            var leaf = Keys.load(phones.key(phone.user())).chain().getFirst();
            return Enrolment.isDue(leaf, ca.clock.instant());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Runnable after(Duration delay, Runnable task) {
        timed.add(task);
        return () -> {};
    }

    @Test
    void allAreRenewedBeforeTheFirstLogIsRead() throws Exception {
        var all = List.of(phone("bob@example.net"), phone("carol@example.net"));
        ca.clock.pass(Duration.ofDays(25));
        assertEquals(List.of(true, true), all.stream().map(this::isDue).toList());
        var seen = new ArrayList<List<Boolean>>();
        try (var renewal = new PhoneRenewal(
                phones,
                verifier,
                this::after,
                url -> {
                    seen.add(all.stream().map(this::isDue).toList());
                    return new HttpLog(url);
                },
                ca.clock)) {
            renewal.start();
            timed.getFirst().run();
        }
        assertEquals(List.of(List.of(false, false), List.of(false, false)), seen);
        assertEquals(2, timed.size(), "and again later");
    }

    @Test
    void oneWhoseKeyCannotBeReadKeepsUpNeitherTheOthersNorTheLogs() throws Exception {
        var all = List.of(phone("bob@example.net"), phone("carol@example.net"));
        ca.clock.pass(Duration.ofDays(25));
        PhoneAccount first = phones.all().getFirst();
        PhoneAccount other = all.stream()
                .filter(each -> !each.user().equals(first.user()))
                .findFirst()
                .orElseThrow();
        Files.writeString(phones.key(first.user()), "no key");
        var read = new ArrayList<String>();
        try (var renewal = new PhoneRenewal(
                phones,
                verifier,
                this::after,
                url -> {
                    read.add(url);
                    return new HttpLog(url);
                },
                ca.clock)) {
            renewal.start();
            timed.getFirst().run();
        }
        assertEquals(false, isDue(other));
        assertEquals(1, read.size());
    }
}
