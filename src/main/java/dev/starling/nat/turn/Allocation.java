package dev.starling.nat.turn;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// What one client may send through the relay and to whom: RFC 8656, section 3.2. Times are nanoseconds of one steady
/// clock.
/// Used under the lock of itself.
final class Allocation {
    /// First and last number of a channel: RFC 5766, section 11. RFC 8656, section 12, ends at 0x4FFF, and there are
    /// clients that have not heard of it.
    static final int FIRST_CHANNEL = 0x4000;
    static final int LAST_CHANNEL = 0x7FFF;

    final Client client;
    final TimedCredentials.Account account;
    final byte[] transactionId;
    private final TurnLimits limits;
    private final Map<InetAddress, Long> permissions = new HashMap<>();
    private final Map<Integer, Channel> channels = new HashMap<>();
    private final Map<InetSocketAddress, Integer> numbers = new HashMap<>();
    private Optional<Relay> relay = Optional.empty();
    private long ends;

    private record Channel(InetSocketAddress peer, long ends) {}

    /// ends: should it never be opened
    Allocation(Client client, TimedCredentials.Account account, byte[] transactionId, TurnLimits limits, long ends) {
        this.ends = ends;
        this.client = client;
        this.account = account;
        this.transactionId = transactionId.clone();
        this.limits = limits;
    }

    synchronized void open(Relay relay, long ends) {
        this.relay = Optional.of(relay);
        this.ends = ends;
    }

    synchronized Relay relay() {
        return relay.orElseThrow();
    }

    /// Nothing passes any more.
    synchronized void close() {
        relay.ifPresent(Relay::close);
    }

    boolean isFour() {
        return relay().address().getAddress().getAddress().length == 4;
    }

    synchronized void lasts(long ends) {
        this.ends = ends;
    }

    synchronized long ends() {
        return ends;
    }

    /// False where there are too many.
    synchronized boolean permit(InetAddress peer, long now) {
        permissions.values().removeIf(until -> until - now <= 0);
        if (!permissions.containsKey(peer) && permissions.size() >= limits.permissions()) return false;
        permissions.put(peer, now + TurnLimits.PERMISSION.toNanos());
        return true;
    }

    synchronized boolean isPermitted(InetAddress peer, long now) {
        Long until = permissions.get(peer);
        return until != null && until - now > 0;
    }

    /// False where the number stands for another peer, the peer has another number, or there are too many.
    synchronized boolean bind(int number, InetSocketAddress peer, long now) {
        forgetOver(now);
        Channel there = channels.get(number);
        Integer its = numbers.get(peer);
        if (there != null && !there.peer.equals(peer) || its != null && its != number) return false;
        if (there == null && channels.size() >= limits.channels()) return false;
        channels.put(number, new Channel(peer, now + TurnLimits.CHANNEL.toNanos()));
        numbers.put(peer, number);
        return true;
    }

    private void forgetOver(long now) {
        channels.values().removeIf(channel -> {
            boolean over = channel.ends - now <= 0;
            if (over) numbers.remove(channel.peer);
            return over;
        });
    }

    /// Whose number it is.
    synchronized Optional<InetSocketAddress> peerOf(int number, long now) {
        return Optional.ofNullable(channels.get(number))
                .filter(channel -> channel.ends - now > 0)
                .map(Channel::peer);
    }

    /// 0 where a peer has none.
    synchronized int numberOf(InetSocketAddress peer, long now) {
        Integer number = numbers.get(peer);
        return number != null && peerOf(number, now).isPresent() ? number : 0;
    }
}
