package dev.starling.sip.transaction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// How messages find their transactions, and how many there may be.
class TransactionLayerTest {
    private static final class TestFlow implements Flow {
        private static int number;
        final List<byte[]> sent = new ArrayList<>();
        private final String id = "test-" + number++;
        private final String transport;
        private final Optional<String> peer;
        private boolean open = true;

        TestFlow(String peer) {
            this("WS", peer);
        }

        TestFlow(String transport, String peer) {
            this.transport = transport;
            this.peer = peer.isEmpty() ? Optional.empty() : Optional.of(peer);
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public String transport() {
            return transport;
        }

        @Override
        public Optional<String> peer() {
            return peer;
        }

        @Override
        public void send(byte[] message) {
            sent.add(message);
        }

        @Override
        public void close(String reason) {
            open = false;
        }

        @Override
        public boolean isOpen() {
            return open;
        }
    }

    private final List<Runnable> armed = new ArrayList<>();
    private final TransactionLayer layer = new TransactionLayer((_, task) -> {
        armed.add(task);
        return () -> armed.remove(task);
    });
    private final TestFlow client = new TestFlow(""), other = new TestFlow(""), peer = new TestFlow("ab");

    private static Edit request(String method, String branch) {
        return Edit.request(method, "sip:bob@example.org")
                .add("Via", "SIP/2.0/WS x.invalid;branch=z9hG4bK" + branch)
                .add("From", "<sip:alice@example.net>;tag=1")
                .add("To", "<sip:bob@example.org>")
                .add("Call-ID", "c")
                .add("CSeq", "1 " + method);
    }

    private static SipMessage built(Edit edit) {
        try {
            return edit.build();
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    private static SipMessage answer(SipMessage request, int status) {
        return built(Edit.response(request, status, "x", "t"));
    }

    @Test
    void aRequestIsTheSameWhenBranchSenderMethodAndFlowAre() throws SipException {
        SipMessage first = built(request("MESSAGE", "a"));
        assertTrue(layer.received(first, client).isPresent());
        assertTrue(layer.received(first, client).isEmpty());
        assertTrue(layer.received(first, other).isPresent());
        assertTrue(layer.received(built(request("INFO", "a")), client).isPresent());
        assertTrue(layer.received(built(request("MESSAGE", "b")), client).isPresent());
        SipMessage otherHost =
                built(request("MESSAGE", "a").remove("Via").prepend("Via", "SIP/2.0/WS y.invalid;branch=z9hG4bKa"));
        assertTrue(layer.received(otherHost, client).isPresent());
    }

    @Test
    void anAckGoesToItsInviteAndACancelFindsIt() throws SipException {
        SipMessage invite = built(request("INVITE", "a"));
        var server = layer.received(invite, client).orElseThrow();
        server.respond(answer(invite, 486));
        var cancel = built(request("CANCEL", "a"));
        assertEquals(server, layer.cancelled(cancel, client).orElseThrow());
        assertTrue(layer.cancelled(cancel, other).isEmpty());
        assertTrue(layer.received(built(request("ACK", "a")), client).isEmpty());
        var stray = layer.received(built(request("ACK", "b")), client).orElseThrow();
        assertEquals("ACK", stray.request().method());
        assertEquals(1, layer.size(), "an ACK for a 2xx makes no transaction");
    }

    @Test
    void anAnswerIsTakenFromTheFlowThatWasAskedOnly() throws SipException {
        var heard = new ArrayList<Integer>();
        SipMessage sent = built(request("MESSAGE", "a"));
        layer.send(sent, client, response -> heard.add(response.status()));
        assertFalse(layer.answered(answer(sent, 200), other));
        SipMessage otherMethod = built(Edit.response(built(request("INFO", "a")), 200, "x", "t"));
        assertFalse(layer.answered(otherMethod, client));
        assertTrue(layer.answered(answer(sent, 200), client));
        assertEquals(List.of(200), heard);
    }

    @Test
    void whatIsOverKeepsNoTimerAndNoPlace() throws SipException {
        SipMessage sent = built(request("MESSAGE", "a"));
        layer.send(sent, client, _ -> {});
        layer.answered(answer(sent, 200), client);
        assertEquals(1, armed.size(), "timer K: F has nothing to wait for");
        armed.getLast().run();
        assertEquals(0, armed.size());
        assertEquals(0, layer.size());
        assertFalse(layer.answered(answer(sent, 200), client));
    }

    @Test
    void whatWasAnsweredAnswersCopiesAndIsForgotten() throws SipException {
        var udp = new TestFlow("UDP", "");
        SipMessage asked = built(request("MESSAGE", "a"));
        var server = layer.received(asked, udp).orElseThrow();
        assertFalse(layer.again(asked, udp, TransactionLayer.key(built(request("MESSAGE", "b")), udp)));
        server.respond(answer(asked, 200));
        assertEquals(1, armed.size(), "timer J");
        assertTrue(layer.again(asked, udp, TransactionLayer.key(asked, udp)));
        assertTrue(layer.received(asked, udp).isEmpty());
        assertEquals(3, udp.sent.size());
        for (byte[] each : udp.sent) assertArrayEquals(answer(asked, 200).bytes(), each);
        server.respond(answer(asked, 500));
        assertEquals(3, udp.sent.size(), "one final answer");
        assertEquals("MESSAGE", server.request().method(), "whoever asked for it still has it");
        assertEquals(1, layer.size());
        assertTrue(layer.isUsed(udp));
        armed.getLast().run();
        assertEquals(List.of(), armed);
        assertEquals(0, layer.size());
        assertFalse(layer.isUsed(udp));
        assertFalse(layer.again(asked, udp, TransactionLayer.key(asked, udp)));
    }

    @Test
    void copiesOfAnAnswerAreTakenInSilence() throws SipException {
        var udp = new TestFlow("UDP", "");
        var heard = new ArrayList<Integer>();
        SipMessage sent = built(request("MESSAGE", "a"));
        layer.send(sent, udp, response -> heard.add(response.status()));
        assertTrue(layer.isLoop(sent));
        assertTrue(layer.answered(answer(sent, 200), udp));
        assertFalse(layer.isLoop(sent), "it waits no more");
        assertTrue(layer.answered(answer(sent, 200), udp));
        assertTrue(layer.answered(answer(sent, 500), udp));
        assertEquals(List.of(200), heard);
        assertEquals(1, armed.size(), "timer K");
        assertEquals(1, layer.size());
        assertEquals(List.of(), layer.closed(udp));
        assertEquals(0, layer.size());
        assertEquals(List.of(), armed);
        assertFalse(layer.answered(answer(sent, 200), udp));
    }

    @Test
    void whatIsForgottenGivesItsPlaceBack() throws SipException {
        var udp = new TestFlow("UDP", "");
        for (int i = 0; i < 3_000; i++) {
            SipMessage asked = built(request("MESSAGE", "n" + i));
            layer.received(asked, udp).orElseThrow().respond(answer(asked, 200));
            if (i % 500 == 499) List.copyOf(armed).forEach(Runnable::run);
        }
        assertEquals(0, layer.size());
        assertEquals(List.of(), armed);
    }

    @Test
    void aFlowsEndAnswersWhatWaitsAndTellsWhoIsLeftAlone() throws SipException {
        var heard = new ArrayList<Integer>();
        layer.send(built(request("INVITE", "a")), peer, response -> heard.add(response.status()));
        var open = layer.received(built(request("INVITE", "b")), peer).orElseThrow();
        var answered = layer.received(built(request("INVITE", "c")), peer).orElseThrow();
        answered.respond(answer(answered.request(), 200));
        peer.close("crash");
        assertEquals(List.of(open), layer.closed(peer));
        assertEquals(List.of(480), heard);
        assertEquals(0, layer.size());
        assertEquals(List.of(), armed);
        int sent = peer.sent.size();
        open.respond(answer(open.request(), 180));
        assertEquals(sent, peer.sent.size());
    }

    @Test
    void whatIsSentOverAnEndedFlowFailsAtOnce() throws SipException {
        client.close("gone");
        var heard = new ArrayList<Integer>();
        layer.send(built(request("MESSAGE", "a")), client, response -> heard.add(response.status()));
        assertEquals(List.of(480), heard);
        assertEquals(0, layer.size());
    }

    @Test
    void aCancelIsHeardOnceWhetherItComesBeforeOrAfter() throws SipException {
        var heard = new ArrayList<String>();
        var early = layer.received(built(request("INVITE", "a")), client).orElseThrow();
        early.cancel(List.of("first"));
        early.cancel(List.of("second"));
        early.onCancel(reasons -> heard.addAll(reasons));
        var late = layer.received(built(request("INVITE", "b")), client).orElseThrow();
        late.onCancel(reasons -> heard.addAll(reasons));
        late.cancel(List.of("third"));
        assertEquals(List.of("first", "third"), heard);
    }

    @Test
    void aFlowHasItsShareByNumberAndOthersKeepTheirs() throws SipException {
        for (int i = 0; i < 1_024; i++) layer.received(built(request("INVITE", "n" + i)), client);
        var why = assertThrows(SipException.class, () -> layer.received(built(request("INVITE", "z")), client));
        assertEquals(503, why.status());
        assertEquals("Retry-After", why.headers().getFirst().name());
        assertTrue(layer.received(built(request("INVITE", "z")), other).isPresent());
        for (int i = 0; i < 2_000; i++)
            assertTrue(layer.received(built(request("INVITE", "n" + i)), peer).isPresent());
        layer.closed(client);
        assertTrue(layer.received(built(request("INVITE", "y")), client).isPresent());
    }

    @Test
    void aFlowHasItsShareByBytes() throws SipException {
        byte[] body = new byte[60_000];
        int taken = 0;
        try {
            for (; taken < 1_024; taken++)
                layer.received(built(request("MESSAGE", "n" + taken).body("x/y", body)), client);
        } catch (SipException e) {
            assertEquals(503, e.status());
        }
        assertEquals(
                (8 << 20) / built(request("MESSAGE", "n100").body("x/y", body)).length(), taken);
        assertTrue(layer.received(built(request("MESSAGE", "z").body("x/y", body)), other)
                .isPresent());
    }

    @Test
    void aBranchOfOursThatComesBackWhileItWaitsIsALoop() throws SipException {
        SipMessage sent = built(request("MESSAGE", "a"));
        layer.send(sent, client, _ -> {});
        SipMessage round = built(sent.edit().prepend("Via", "SIP/2.0/TLS o.example;branch=z9hG4bKo"));
        assertTrue(layer.isLoop(round));
        assertFalse(layer.isLoop(built(request("MESSAGE", "b"))));
        layer.answered(answer(sent, 200), client);
        armed.getLast().run();
        assertFalse(layer.isLoop(round));
    }
}
