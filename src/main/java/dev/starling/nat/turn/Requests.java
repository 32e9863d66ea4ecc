package dev.starling.nat.turn;

import dev.starling.nat.stun.Attribute;
import dev.starling.nat.stun.StunClass;
import dev.starling.nat.stun.StunException;
import dev.starling.nat.stun.StunMessage;
import dev.starling.nat.stun.StunWriter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/// Answers requests: Binding of RFC 8489, and what RFC 8656 adds to it. Has no socket of its own and no thread.
final class Requests {
    static final int BINDING = 0x001;
    static final int ALLOCATE = 0x003;
    static final int REFRESH = 0x004;
    static final int SEND = 0x006;
    static final int DATA = 0x007;
    static final int CREATE_PERMISSION = 0x008;
    static final int CHANNEL_BIND = 0x009;

    private static final Set<Integer> UNDERSTOOD = Set.of(
            Attribute.MAPPED_ADDRESS,
            Attribute.USERNAME,
            Attribute.MESSAGE_INTEGRITY,
            Attribute.CHANNEL_NUMBER,
            Attribute.LIFETIME,
            Attribute.XOR_PEER_ADDRESS,
            Attribute.DATA,
            Attribute.REALM,
            Attribute.NONCE,
            Attribute.REQUESTED_ADDRESS_FAMILY,
            Attribute.EVEN_PORT,
            Attribute.REQUESTED_TRANSPORT,
            Attribute.RESERVATION_TOKEN,
            Attribute.MESSAGE_INTEGRITY_SHA256,
            Attribute.PRIORITY);
    private static final int MAX_NAME_BYTES = 513;
    private static final int MAX_NONCE_BYTES = 763;
    private static final long UDP = 17;

    private final TimedCredentials credentials;
    private final Nonces nonces;
    private final Allocations allocations;
    private final TurnLimits limits;
    private final Relay.Opener relays;
    private final PeerPolicy policy;
    private final LongSupplier nanoTime;

    /// policy: where the relay sends to and hears from at all
    Requests(
            TimedCredentials credentials,
            Nonces nonces,
            Allocations allocations,
            TurnLimits limits,
            Relay.Opener relays,
            PeerPolicy policy,
            LongSupplier nanoTime) {
        this.credentials = credentials;
        this.nonces = nonces;
        this.allocations = allocations;
        this.limits = limits;
        this.relays = relays;
        this.policy = policy;
        this.nanoTime = nanoTime;
    }

    /// An answer that says no, with what goes with it.
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1;
        private final int code;

        Refused(int code, String why) {
            super(why);
            this.code = code;
        }
    }

    byte[] answer(Client client, StunMessage request) {
        Optional<TimedCredentials.Account> account = Optional.empty();
        try {
            if (request.method() == BINDING) return binding(client, request);
            account = Optional.of(authenticated(client, request));
            List<Integer> unknown = request.notUnderstood(UNDERSTOOD);
            if (!unknown.isEmpty())
                return protectedBy(
                        account, failure(request, 420, "Unknown Attribute").putUnknown(unknown));
            return protectedBy(account, handled(client, request, account.get()));
        } catch (StunException e) {
            return protectedBy(account, failure(request, 400, "Bad Request"));
        } catch (Refused e) {
            StunWriter writer = failure(request, e.code, String.valueOf(e.getMessage()));
            if (e.code == 401 || e.code == 438)
                writer.put(Attribute.REALM, credentials.realm()).put(Attribute.NONCE, nonces.fresh(raw(client)));
            return protectedBy(e.code == 401 || e.code == 438 ? Optional.empty() : account, writer);
        }
    }

    private static byte[] raw(Client client) {
        return client.address().getAddress().getAddress();
    }

    private static StunWriter failure(StunMessage request, int code, String reason) {
        return StunWriter.answer(request, StunClass.ERROR).putError(code, reason);
    }

    private static byte[] protectedBy(Optional<TimedCredentials.Account> account, StunWriter writer) {
        account.ifPresent(known -> writer.protect(known.key()));
        return writer.bytes();
    }

    private static byte[] binding(Client client, StunMessage request) {
        List<Integer> unknown = request.notUnderstood(UNDERSTOOD);
        StunWriter writer = unknown.isEmpty()
                ? StunWriter.answer(request, StunClass.SUCCESS).putXor(Attribute.XOR_MAPPED_ADDRESS, client.address())
                : failure(request, 420, "Unknown Attribute").putUnknown(unknown);
        return (request.has(Attribute.FINGERPRINT) ? writer.fingerprint() : writer).bytes();
    }

    /// RFC 8489, section 9.2.4.
    private TimedCredentials.Account authenticated(Client client, StunMessage request) throws StunException, Refused {
        if (!request.has(Attribute.MESSAGE_INTEGRITY)) throw new Refused(401, "Unauthenticated");
        Optional<String> name = request.text(Attribute.USERNAME, MAX_NAME_BYTES);
        Optional<String> nonce = request.text(Attribute.NONCE, MAX_NONCE_BYTES);
        if (name.isEmpty() || nonce.isEmpty() || !request.has(Attribute.REALM)) throw new Refused(400, "Bad Request");
        var account = credentials.account(name.get());
        if (account.isEmpty() || !request.isIntact(account.get().key())) throw new Refused(401, "Unauthenticated");
        if (!nonces.isFresh(nonce.get(), raw(client))) throw new Refused(438, "Stale Nonce");
        return account.get();
    }

    private StunWriter handled(Client client, StunMessage request, TimedCredentials.Account account)
            throws StunException, Refused {
        if (request.method() == ALLOCATE) return allocate(client, request, account);
        Allocation allocation = allocations.of(client).orElseThrow(() -> new Refused(437, "Allocation Mismatch"));
        // Departs from RFC 8656, section 5: not the name must be that of the allocation, but its owner. Names end,
        // calls go on.
        if (!allocation.account.owner().equals(account.owner())) throw new Refused(441, "Wrong Credentials");
        return switch (request.method()) {
            case REFRESH -> refresh(request, allocation);
            case CREATE_PERMISSION -> createPermission(request, allocation);
            case CHANNEL_BIND -> channelBind(request, allocation);
            default -> throw new Refused(400, "Bad Request");
        };
    }

    /// RFC 8656, section 7.2.
    private StunWriter allocate(Client client, StunMessage request, TimedCredentials.Account account)
            throws StunException, Refused {
        Optional<Allocation> before = allocations.of(client);
        if (before.isPresent()) {
            // The answer was lost: the same once more.
            if (Arrays.equals(before.get().transactionId, request.transactionId()))
                return allocated(request, before.get());
            throw new Refused(437, "Allocation Mismatch");
        }
        byte[] transport =
                request.value(Attribute.REQUESTED_TRANSPORT).orElseThrow(() -> new Refused(400, "Bad Request"));
        if (transport.length != 4) throw new Refused(400, "Bad Request");
        if (transport[0] != UDP) throw new Refused(442, "Unsupported Transport Protocol");
        if (request.has(Attribute.RESERVATION_TOKEN)) throw new Refused(508, "Insufficient Capacity");
        boolean isFour = family(request) == 1;
        if (!relays.has(isFour)) throw new Refused(440, "Address Family not Supported");
        // All that may be refused comes before it has its place.
        boolean even = isEven(request);
        long lifetime = lifetime(request).toNanos();
        var allocation = new Allocation(
                client,
                account,
                request.transactionId(),
                limits,
                nanoTime.getAsLong() + TurnLimits.DEFAULT_LIFETIME.toNanos());
        switch (allocations.admit(allocation)) {
            case QUOTA -> throw new Refused(486, "Allocation Quota Reached");
            case FULL -> throw new Refused(508, "Insufficient Capacity");
            case NONE -> {}
        }
        try {
            Relay relay = relays.open(isFour, even, allocation);
            allocation.open(relay, nanoTime.getAsLong() + lifetime);
        } catch (IOException e) {
            allocations.remove(allocation);
            throw new Refused(508, "Insufficient Capacity");
        }
        return allocated(request, allocation);
    }

    private static int family(StunMessage request) throws StunException, Refused {
        Optional<Long> wanted = request.number(Attribute.REQUESTED_ADDRESS_FAMILY);
        if (wanted.isEmpty()) return 1;
        int family = (int) (wanted.get() >>> 24);
        if (family != 1 && family != 2) throw new Refused(440, "Address Family not Supported");
        return family;
    }

    /// A pair of ports cannot be reserved.
    private static boolean isEven(StunMessage request) throws Refused {
        Optional<byte[]> wish = request.value(Attribute.EVEN_PORT);
        if (wish.isEmpty()) return false;
        if (wish.get().length != 1) throw new Refused(400, "Bad Request");
        if ((wish.get()[0] & 0x80) != 0) throw new Refused(508, "Insufficient Capacity");
        return true;
    }

    private StunWriter allocated(StunMessage request, Allocation allocation) {
        long left = Duration.ofNanos(Math.max(0, allocation.ends() - nanoTime.getAsLong()))
                .plusMillis(999)
                .toSeconds();
        return StunWriter.answer(request, StunClass.SUCCESS)
                .putXor(Attribute.XOR_RELAYED_ADDRESS, allocation.relay().address())
                .put(Attribute.LIFETIME, left)
                .putXor(Attribute.XOR_MAPPED_ADDRESS, allocation.client.address());
    }

    private static Duration lifetime(StunMessage request) throws StunException {
        Optional<Long> wanted = request.number(Attribute.LIFETIME);
        if (wanted.isEmpty()) return TurnLimits.DEFAULT_LIFETIME;
        long most = TurnLimits.MAX_LIFETIME.toSeconds();
        long least = TurnLimits.DEFAULT_LIFETIME.toSeconds();
        return Duration.ofSeconds(Math.clamp(wanted.get(), least, most));
    }

    /// RFC 8656, section 8.2.
    private StunWriter refresh(StunMessage request, Allocation allocation) throws StunException, Refused {
        if (request.has(Attribute.REQUESTED_ADDRESS_FAMILY) && (family(request) == 1) != allocation.isFour())
            throw new Refused(443, "Peer Address Family Mismatch");
        Duration life = request.number(Attribute.LIFETIME).equals(Optional.of(0L)) ? Duration.ZERO : lifetime(request);
        if (life.isZero()) end(allocation);
        else allocation.lasts(nanoTime.getAsLong() + life.toNanos());
        return StunWriter.answer(request, StunClass.SUCCESS).put(Attribute.LIFETIME, life.toSeconds());
    }

    void end(Allocation allocation) {
        allocations.remove(allocation);
        allocation.close();
    }

    /// RFC 8656, section 10.2: all of them or none.
    private StunWriter createPermission(StunMessage request, Allocation allocation) throws StunException, Refused {
        List<InetSocketAddress> peers = request.xorAddresses(Attribute.XOR_PEER_ADDRESS);
        if (peers.isEmpty()) throw new Refused(400, "Bad Request");
        for (InetSocketAddress peer : peers) check(peer, allocation);
        for (InetSocketAddress peer : peers) permit(peer, allocation);
        return StunWriter.answer(request, StunClass.SUCCESS);
    }

    private void permit(InetSocketAddress peer, Allocation allocation) throws Refused {
        if (!allocation.permit(peer.getAddress(), nanoTime.getAsLong()))
            throw new Refused(508, "Insufficient Capacity");
    }

    private void check(InetSocketAddress peer, Allocation allocation) throws Refused {
        if ((peer.getAddress().getAddress().length == 4) != allocation.isFour())
            throw new Refused(443, "Peer Address Family Mismatch");
        if (!policy.allows(peer.getAddress())) throw new Refused(403, "Forbidden");
    }

    /// RFC 8656, section 12.2.
    private StunWriter channelBind(StunMessage request, Allocation allocation) throws StunException, Refused {
        int number = (int) (request.number(Attribute.CHANNEL_NUMBER).orElse(0L) >>> 16);
        Optional<InetSocketAddress> peer = request.xorAddress(Attribute.XOR_PEER_ADDRESS);
        if (peer.isEmpty() || number < Allocation.FIRST_CHANNEL || number > Allocation.LAST_CHANNEL)
            throw new Refused(400, "Bad Request");
        check(peer.get(), allocation);
        permit(peer.get(), allocation);
        if (!allocation.bind(number, peer.get(), nanoTime.getAsLong())) throw new Refused(400, "Bad Request");
        return StunWriter.answer(request, StunClass.SUCCESS);
    }
}
