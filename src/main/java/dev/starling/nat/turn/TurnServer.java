package dev.starling.nat.turn;

import dev.starling.nat.stun.StunClass;
import dev.starling.nat.stun.StunException;
import dev.starling.nat.stun.StunMessage;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.LongSupplier;

/// A relay: answers what clients ask, passes on what they and their peers send, ends what is over. RFC 8656.
/// Who carries packets to and from it are [UdpLoop] and [StreamClients].
public final class TurnServer implements AutoCloseable {
    private final Allocations allocations;
    private final Traffic traffic;
    private final Strangers strangers;
    private final Requests requests;
    private final Packets packets;
    private final LongSupplier nanoTime;

    TurnServer(
            TimedCredentials credentials,
            TurnLimits limits,
            Relay.Opener relays,
            PeerPolicy policy,
            InstantSource clock,
            LongSupplier nanoTime) {
        byte[] secret = new byte[32];
        new SecureRandom().nextBytes(secret);
        this.nanoTime = nanoTime;
        allocations = new Allocations(limits);
        traffic = new Traffic(limits.bytesPerSecond(), nanoTime);
        strangers = new Strangers(nanoTime);
        requests = new Requests(credentials, new Nonces(secret, clock), allocations, limits, relays, policy, nanoTime);
        packets = new Packets(allocations, traffic, policy, nanoTime);
    }

    /// One datagram, or one frame of a stream. What is neither STUN nor ChannelData is dropped.
    void heard(Client client, ByteBuffer in) {
        if (Packets.isChannelData(in)) packets.toPeer(client, in);
        else if (StunMessage.isStun(in)) message(client, in);
    }

    private void message(Client client, ByteBuffer in) {
        byte[] bytes = new byte[in.remaining()];
        in.get(bytes);
        try {
            var message = StunMessage.parse(bytes);
            if (message.kind() == StunClass.REQUEST) answer(client, requests.answer(client, message));
            else if (message.kind() == StunClass.INDICATION && message.method() == Requests.SEND)
                packets.sent(client, message);
        } catch (StunException _) {
            // Whoever sends what is no message gets no answer: it would go to whom he names as sender.
        }
    }

    private void answer(Client client, byte[] answer) {
        if (client.isConnected()
                || serves(client)
                || strangers.mayHear(client.address().getAddress(), answer.length))
            client.send(ByteBuffer.wrap(answer));
    }

    /// data: with [Packets#HEADER_BYTES] of room in front of its position
    void heardFromPeer(Allocation allocation, ByteBuffer data, InetSocketAddress peer) {
        packets.fromPeer(allocation, data, peer);
    }

    /// Ends what nobody refreshed. Called each second or so.
    void sweep() {
        traffic.sweep();
        strangers.sweep();
        for (Allocation each : allocations.over(nanoTime.getAsLong())) requests.end(each);
    }

    /// Whether somebody has an address of ours.
    boolean serves(Client client) {
        return allocations.of(client).isPresent();
    }

    /// The way to this client is gone: over TCP its allocation with it (RFC 8656, section 3.1).
    void gone(Client client) {
        Optional<Allocation> allocation = allocations.of(client);
        allocation.ifPresent(requests::end);
    }

    /// Allocations at this moment.
    public int size() {
        return allocations.size();
    }

    @Override
    public void close() throws IOException {
        for (Allocation each : allocations.all()) requests.end(each);
    }
}
