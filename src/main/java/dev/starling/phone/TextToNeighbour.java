package dev.starling.phone;

import dev.starling.classic.ClassicEdge;
import dev.starling.classic.Sending;
import dev.starling.identity.Address;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Writes to somebody at an ordinary SIP domain (RFC 3428), in the clear.
final class TextToNeighbour {
    private static final long PATIENCE_SECONDS = 20;

    private TextToNeighbour() {}

    /// Waits until their server has it; throws what it says instead, 480 when it says nothing.
    static void send(ClassicEdge edge, Speaker speaker, Address to, String text)
            throws SipException, InterruptedException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        String tag = TransactionLayer.tag(), callId = TransactionLayer.tag();
        var answered = new CompletableFuture<SipException>();
        Sending.Writer writer = flow -> {
            Edit message = Neighbour.begin(
                            "MESSAGE", to.uri(), speaker.address().uri(), tag, callId, 1)
                    .body("text/plain;charset=utf-8", bytes);
            if (flow.isReliable()) speaker.sign(message, to.uri());
            return message;
        };
        var sending = edge.send(new Sending.Request(to.uri(), Optional.empty(), writer), new Sending.Listener() {
            @Override
            public void answered(SipMessage sent, SipMessage answer, Flow flow) {
                if (answer.status() >= 200) answered.complete(new SipException(answer.status(), answer.reason()));
            }

            @Override
            public void failed(SipException why) {
                answered.complete(why);
            }
        });
        SipException answer;
        try {
            answer = answered.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            sending.cancel(List.of());
            answer = new SipException(480, "Their server does not answer");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
        if (answer.status() >= 300)
            throw new SipException(
                    answer.status() == 401 || answer.status() == 407 ? 480 : answer.status(), answer.reason());
    }
}
