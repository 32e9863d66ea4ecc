package dev.starling.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.cms.Body;
import dev.starling.cms.Content;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.locate.World;
import dev.starling.record.Bodies;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SignedRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What lies in the box of a phone's device when it comes: nothing forged is shown, nothing comes twice, nobody keeps
/// the others out.
class LettersTest {
    private static final byte[] OWN = AgentWorld.key(7), FRIENDS = AgentWorld.key(8);
    private static final Address ALICE = AgentWorld.ALICE,
            MALLORY = new Address("mallory@example.net"),
            EVE = new Address("eve@example.net"),
            DAN = new Address("dan@example.net");
    private static final LocalDate TODAY = LocalDate.parse("2026-11-24");
    private static final Duration WEEK = Duration.ofDays(7);

    private final LinkedBlockingQueue<String> shown = new LinkedBlockingQueue<>();
    private final Random random = new Random(4);
    private volatile boolean takes = true;
    private AgentWorld it;
    private Profile alice, mallory;
    private UserAgent bob;
    private Agent agent;

    @BeforeEach
    void begin(@TempDir Path folder) throws Exception {
        it = new AgentWorld(folder);
        Keys.Held browser = it.world.device(AgentWorld.BOB.text());
        bob = it.online(new Profile(AgentWorld.BOB, browser));
        it.list(AgentWorld.BOB, browser, it.phone);
        alice = somebody(ALICE);
        mallory = somebody(MALLORY);
        agent = started();
        assertTrue(it.tell(bob, AgentWorld.grant(OWN, FRIENDS)));
        assertTrue(it.tell(
                bob,
                new Content.Entries(List.of(
                        it.contact(ALICE, "Alice"),
                        it.contact(MALLORY, "Mallory"),
                        it.contact(DAN, "Dan"),
                        it.blocked(DAN)))));
        it.timers.pass(Duration.ZERO);
    }

    private Agent started() throws Exception {
        var begun = it.agent((from, _, text) -> takes && shown.add(text.text()));
        it.peer.heard.clear();
        begun.start();
        it.peer.await("REGISTER");
        it.timers.pass(Duration.ZERO);
        return begun;
    }

    private Profile somebody(Address address) throws Exception {
        Keys.Held device = it.world.device(address.text());
        it.list(address, device);
        return new Profile(address, device);
    }

    @AfterEach
    void end() {
        it.close();
    }

    /// What was to be done meanwhile is done once.
    private void hoursPass(int hours) {
        it.clock.pass(Duration.ofHours(hours));
        it.timers.pass(Duration.ZERO);
    }

    private byte[] id() {
        byte[] id = new byte[Body.ID_BYTES];
        random.nextBytes(id);
        return id;
    }

    private byte[] junk(int bytes) {
        byte[] junk = new byte[bytes];
        random.nextBytes(junk);
        return junk;
    }

    /// How a letter of `signer` is made, honest until something is changed.
    private final class Letter {
        final Profile signer;
        byte[] id = id();
        Address address;
        DeviceId device = it.phone.id();
        Instant issued = it.clock.instant();
        Duration life = WEEK;
        Kind kind = Kind.INBOX;
        byte[] cms;

        Letter(Profile signer, Content content) throws Exception {
            this.signer = signer;
            address = signer.address();
            cms = it.sealed(signer, id, content);
        }

        Letter(Profile signer, String text) throws Exception {
            this(signer, new Content.Text(text));
        }

        byte[] bytes() {
            var inbox = new Bodies.Inbox(id, device, cms, issued.getEpochSecond());
            return SignedRecord.sign(
                    signer.device(),
                    World.NETWORK,
                    new SignedRecord.Statement(
                            kind, address, it.clock.millis(), issued, issued.plus(life), Optional.of(inbox.toCbor())));
        }
    }

    private static Rendezvous place(byte[] key, LocalDate day) {
        return Rendezvous.Master.ofFriendsKey(key).at(Kind.INBOX, day);
    }

    private void leave(byte[] record) throws Exception {
        Rendezvous place = place(FRIENDS, TODAY);
        it.leave(place, Sealed.seal(place, record));
    }

    private void leave(Letter letter) throws Exception {
        leave(letter.bytes());
    }

    private String next() throws InterruptedException {
        return Optional.ofNullable(shown.poll(30, TimeUnit.SECONDS)).orElse("nothing");
    }

    /// All that lies there was looked at when this has come through, for it was written last.
    private List<String> until(String text) throws InterruptedException {
        var all = new ArrayList<String>();
        for (String each = next(); !each.equals(text); each = next()) {
            assertTrue(!each.equals("nothing"), text + " is not shown, but " + all);
            all.add(each);
        }
        return all;
    }

    @Test
    void whatWasLeftIsShownOnceThePhoneIsThereInTheOrderOfItsWriting() throws Exception {
        var first = new Letter(alice, "one");
        leave(first);
        it.clock.pass(Duration.ofSeconds(1));
        leave(new Letter(alice, "two"));
        hoursPass(5);
        assertEquals(List.of(), List.copyOf(shown), "the phone is not there");
        agent.here(true);
        assertEquals("one", next());
        assertEquals("two", next());
    }

    @Test
    void nothingForgedIsShown() throws Exception {
        Letter letter = new Letter(mallory, "in another's name");
        letter.address = ALICE;
        leave(letter);
        letter = new Letter(mallory, "x");
        letter.cms = it.sealed(alice, letter.id, new Content.Text("a message of another inside"));
        leave(letter);
        leave(new Letter(new Profile(ALICE, it.world.device(ALICE.text())), "by a device on no list"));
        leave(new Letter(somebody(EVE), "by somebody unknown"));
        leave(new Letter(somebody(DAN), "by somebody blocked"));
        byte[] altered = new Letter(alice, "altered").bytes();
        altered[altered.length - 1] ^= 1;
        leave(altered);
        letter = new Letter(alice, "of eight days ago");
        letter.issued = it.clock.instant().minus(Duration.ofDays(8));
        leave(letter);
        letter = new Letter(alice, "living for ever");
        letter.issued = it.clock.instant().minus(Duration.ofDays(8));
        letter.life = Duration.ofDays(32);
        leave(letter);
        letter = new Letter(alice, "from the future");
        letter.issued = it.clock.instant().plus(Duration.ofMinutes(20));
        leave(letter);
        letter = new Letter(alice, "for another device");
        letter.device = alice.id();
        leave(letter);
        letter = new Letter(alice, "another id inside");
        letter.id = id();
        leave(letter);
        letter = new Letter(alice, "no letter");
        letter.kind = Kind.KNOCK;
        leave(letter);
        letter = new Letter(alice, "nothing in it");
        letter.cms = junk(300);
        leave(letter);
        letter = new Letter(alice, "for another key");
        letter.cms = new Body(letter.id, it.clock.millis(), ALICE, AgentWorld.BOB, it.phone.id(), new Content.Text("?"))
                .seal(alice.device(), mallory.device().chain().getFirst(), it.clock.instant());
        leave(letter);
        for (int size : new int[] {1, 900, 1024, 32_768}) it.leave(place(FRIENDS, TODAY), junk(size));
        it.clock.pass(Duration.ofSeconds(1));
        leave(new Letter(alice, "genuine"));
        agent.here(true);
        assertEquals("genuine", next());
        leave(new Letter(alice, "the last"));
        agent.here(true);
        assertEquals(List.of(), until("the last"));
    }

    @Test
    void whatIsNoTextIsNotShownAndNobodyIsLetInByALetter() throws Exception {
        leave(new Letter(alice, new Content.Request("Alice", "please", AgentWorld.key(1), 1, AgentWorld.key(2))));
        leave(new Letter(bob.us(), AgentWorld.grant(AgentWorld.key(9), AgentWorld.key(9))));
        leave(new Letter(alice, new Content.EndorseRefusal()));
        it.clock.pass(Duration.ofSeconds(1));
        leave(new Letter(alice, "genuine"));
        agent.here(true);
        assertEquals(List.of(), until("genuine"));
        assertEquals(Agent.Standing.LISTED, agent.standing());
        var after = new Letter(alice, "still under the same key");
        leave(after);
        agent.here(true);
        assertEquals("still under the same key", next());
    }

    @Test
    void whatLiesThereAgainElsewhereAndAfterARestartIsShownOnce() throws Exception {
        byte[] once = new Letter(alice, "once").bytes();
        leave(once);
        leave(once);
        Rendezvous earlier = place(FRIENDS, TODAY.minusDays(3));
        it.leave(earlier, Sealed.seal(earlier, once));
        agent.here(true);
        assertEquals("once", next());
        agent.close();
        agent = started();
        leave(once);
        it.clock.pass(Duration.ofSeconds(1));
        leave(new Letter(alice, "later"));
        agent.here(true);
        assertEquals(List.of(), until("later"));
    }

    @Test
    void whatThePhoneDoesNotTakeStaysUntilItDoes() throws Exception {
        takes = false;
        leave(new Letter(alice, "patient"));
        agent.here(true);
        hoursPass(5);
        takes = true;
        agent.here(true);
        assertEquals("patient", next());
    }

    @Test
    void aContactWhoFillsTheBoxKeepsNobodyWaitingAndIsHeardInPortions() throws Exception {
        for (int i = 0; i < 300; i++) {
            leave(new Letter(mallory, "spam"));
            it.leave(place(FRIENDS, TODAY), junk(1024));
        }
        it.clock.pass(Duration.ofSeconds(1));
        leave(new Letter(alice, "genuine"));
        agent.here(true);
        var before = until("genuine");
        assertTrue(before.size() <= 2, before.size() + " before a friend's");
        for (int i = before.size(); i < Pile.MAX_OF_ONE; i++) assertEquals("spam", next());
        assertEquals(Optional.empty(), Optional.ofNullable(shown.poll(500, TimeUnit.MILLISECONDS)), "a rest");
    }

    @Test
    void whoLeftItIsToldThatItWasShownWheneverThatIsPossible() throws Exception {
        var letter = new Letter(alice, "once");
        leave(letter);
        agent.here(true);
        assertEquals("once", next());
        var receipts = new LinkedBlockingQueue<Body>();
        UserAgent hers = it.online(alice);
        hers.on("MESSAGE", incoming -> {
            try {
                var us = new Body.Us(alice.device().key(), ALICE, alice.id());
                receipts.add(
                        Body.open(incoming.request().body(), us, it.location().certificates(), it.clock.instant())
                                .body());
            } catch (dev.starling.identity.IdentityException e) {
                throw new AssertionError(e);
            }
            var _ = incoming.answer(200, "OK");
        });
        // In a round of its own, after hours; and over a restart.
        agent.close();
        agent = started();
        hoursPass(4);
        Body told = Optional.ofNullable(receipts.poll(30, TimeUnit.SECONDS)).orElseThrow();
        var receipt = (Content.Receipt) told.content();
        assertEquals(1, receipt.messages().size());
        assertEquals(
                DeviceId.of(DeviceId.sha256(letter.id)),
                DeviceId.of(DeviceId.sha256(receipt.messages().getFirst())));
    }

    @Test
    void whoWasNotToldTheNewFriendsKeyLeavesItUnderTheFormerOneForEightDays() throws Exception {
        byte[] next = AgentWorld.key(9);
        var value = dev.starling.identity.cbor.Cbor.encode(
                new dev.starling.identity.cbor.CborMap().with(1, next).with(2, 2L));
        assertTrue(it.tell(bob, new Content.Entries(List.of(new Content.Entry("friends", 2, value)))));
        leave(new Letter(alice, "under the former key"));
        agent.here(true);
        assertEquals("under the former key", next());
        Rendezvous place = place(next, TODAY);
        it.leave(place, Sealed.seal(place, new Letter(alice, "under the new key").bytes()));
        agent.here(true);
        assertEquals("under the new key", next());
    }
}
