package dev.starling.phone;

import dev.starling.agent.Agent;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Texts between a phone, plain, and devices, sealed (RFC 3428).
final class Texts {
    private static final int MAX_BYTES = 16 * 1024;
    private static final Duration PATIENCE = Duration.ofSeconds(6);

    private Texts() {}

    /// Sent when one device of the addressee has it, signed; else the phone is told that it was not. Nothing is kept
    /// here for later.
    static void fromPhone(Agent agent, Unverified unverified, SipMessage request, RequestReceived server, Address to)
            throws SipException {
        if (agent.standing() != Agent.Standing.LISTED)
            throw new SipException(480, "None of your devices has allowed this phone yet");
        String text = text(request);
        try {
            switch (agent.whom(to)) {
                case Agent.Known(var theirs) -> {
                    if (agent.write(to, theirs, text) == 0)
                        throw new SipException(480, "Not delivered: none of their devices has it");
                }
                case Agent.Withheld(int status, String why) -> throw new SipException(status, why);
                case Agent.Nobody _ -> {
                    elsewhere(unverified, request, server, to);
                    return;
                }
            }
            server.respond(
                    Edit.response(request, 200, "OK", TransactionLayer.tag()).build());
        } catch (DhtException e) {
            throw new SipException(503, "The directory does not answer", new SipException.Header("Retry-After", "10"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SipException(503, "Stopping");
        }
    }

    private static void elsewhere(Unverified unverified, SipMessage request, RequestReceived server, Address to)
            throws SipException, InterruptedException {
        try {
            unverified.write(request, server, to);
        } catch (SipException e) {
            throw Refusal.heard(e);
        }
    }

    static String text(SipMessage request) throws SipException {
        String type = request.first("content-type")
                .map(value -> Tokens.head(value, ';').toLowerCase(java.util.Locale.ROOT))
                .orElse("");
        if (!type.equals("text/plain"))
            throw new SipException(415, "Unsupported Media Type", new SipException.Header("Accept", "text/plain"));
        if (request.bodyLength() > MAX_BYTES) throw new SipException(413, "At most 16 KiB");
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(request.body()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new SipException(400, "The text is not UTF-8");
        }
    }

    /// Shows a text on the phone; whether it took it.
    ///
    /// @param name how the phone shows who wrote, or ""
    static boolean toPhone(Optional<Handset> handset, String name, Address from, Address to, String text) {
        if (handset.isEmpty()) return false;
        var answered = new CompletableFuture<Integer>();
        try {
            Edit request = Edit.request("MESSAGE", handset.get().target())
                    .add("From", CallToPhone.quoted(name) + "<" + from.uri() + ">;tag=" + TransactionLayer.tag())
                    .add("To", "<" + to.uri() + ">")
                    .add("Call-ID", TransactionLayer.tag())
                    .add("CSeq", "1 MESSAGE")
                    .body("text/plain;charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
            var _ = handset.get().send(request, answer -> {
                if (answer.status() >= 200) answered.complete(answer.status());
            });
            return answered.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS) < 300;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (SipException | ExecutionException | TimeoutException e) {
            return false;
        }
    }
}
