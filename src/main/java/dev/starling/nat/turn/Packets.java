package dev.starling.nat.turn;

import dev.starling.nat.stun.Attribute;
import dev.starling.nat.stun.StunClass;
import dev.starling.nat.stun.StunException;
import dev.starling.nat.stun.StunMessage;
import dev.starling.nat.stun.StunWriter;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.function.LongSupplier;

/// What goes to and fro through allocations: RFC 8656, sections 11 and 12. A packet that may not pass is dropped
/// without a word, as the RFC has it.
final class Packets {
    /// In front of what comes from a peer there is room for the header of a ChannelData, so that nothing is copied.
    static final int HEADER_BYTES = 4;

    private final Allocations allocations;
    private final Traffic traffic;
    private final PeerPolicy policy;
    private final LongSupplier nanoTime;
    private final SecureRandom random = new SecureRandom();

    Packets(Allocations allocations, Traffic traffic, PeerPolicy policy, LongSupplier nanoTime) {
        this.allocations = allocations;
        this.traffic = traffic;
        this.policy = policy;
        this.nanoTime = nanoTime;
    }

    static boolean isChannelData(ByteBuffer in) {
        return in.remaining() >= HEADER_BYTES && (in.get(in.position()) & 0xC0) == 0x40;
    }

    /// in: ChannelData, perhaps with padding
    void toPeer(Client client, ByteBuffer in) {
        int number = in.getShort() & 0xFFFF;
        int length = in.getShort() & 0xFFFF;
        Optional<Allocation> allocation = allocations.of(client);
        if (length > in.remaining() || allocation.isEmpty()) return;
        in.limit(in.position() + length);
        Optional<InetSocketAddress> peer = allocation.get().peerOf(number, nanoTime.getAsLong());
        if (peer.isPresent()) toPeer(allocation.get(), in, peer.get());
    }

    /// A Send indication.
    void sent(Client client, StunMessage indication) throws StunException {
        Optional<InetSocketAddress> peer = indication.xorAddress(Attribute.XOR_PEER_ADDRESS);
        Optional<byte[]> data = indication.value(Attribute.DATA);
        Optional<Allocation> allocation = allocations.of(client);
        if (peer.isEmpty() || data.isEmpty() || allocation.isEmpty()) return;
        if (indication.has(Attribute.DONT_FRAGMENT)) return;
        toPeer(allocation.get(), ByteBuffer.wrap(data.get()), peer.get());
    }

    private void toPeer(Allocation allocation, ByteBuffer data, InetSocketAddress peer) {
        if (!allocation.isPermitted(peer.getAddress(), nanoTime.getAsLong()) || !policy.allows(peer)) return;
        if (!traffic.takes(allocation.account.owner(), data.remaining())) return;
        allocation.relay().send(data, peer);
    }

    /// data: with HEADER_BYTES of room in front of its position
    void fromPeer(Allocation allocation, ByteBuffer data, InetSocketAddress peer) {
        long now = nanoTime.getAsLong();
        if (!allocation.isPermitted(peer.getAddress(), now) || !policy.allows(peer)) return;
        if (!traffic.takes(allocation.account.owner(), data.remaining())) return;
        int number = allocation.numberOf(peer, now);
        if (number == 0) {
            allocation.client.send(ByteBuffer.wrap(indication(data, peer)));
            return;
        }
        int length = data.remaining();
        int start = data.position() - HEADER_BYTES;
        data.position(start).putShort((short) number).putShort((short) length).position(start);
        allocation.client.send(data);
    }

    private byte[] indication(ByteBuffer data, InetSocketAddress peer) {
        byte[] transactionId = new byte[StunMessage.TRANSACTION_ID_BYTES];
        random.nextBytes(transactionId);
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        return new StunWriter(Requests.DATA, StunClass.INDICATION, transactionId)
                .putXor(Attribute.XOR_PEER_ADDRESS, peer)
                .put(Attribute.DATA, bytes)
                .bytes();
    }
}
