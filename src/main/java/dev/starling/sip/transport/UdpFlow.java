package dev.starling.sip.transport;

import dev.starling.sip.transport.Datagrams.Path;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// What lies between one UDP port of somebody else and ours. Kept nowhere: two of the same addresses are equal, so
/// whoever forges sources fills no table. It is open as long as we listen; who is there is the registrar's to know.
final class UdpFlow implements Flow {
    private final Datagrams datagrams;
    private final Path path;
    private final String id;
    private final Tap tap;
    private final BooleanSupplier open;

    UdpFlow(Datagrams datagrams, Path path, Tap tap, BooleanSupplier open) {
        this.datagrams = datagrams;
        this.path = path;
        this.tap = tap;
        this.open = open;
        InetSocketAddress remote = path.remote();
        // Without our own address: what comes back to another one of them belongs to the same phone.
        id = "udp-" + remote.getAddress().getHostAddress() + ":" + remote.getPort();
    }

    Tap.Ends ends() {
        var local = new InetSocketAddress(path.local(), datagrams.address().getPort());
        return new Tap.Ends(transport(), local, path.remote(), Optional.empty());
    }

    Path path() {
        return path;
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String transport() {
        return "UDP";
    }

    @Override
    public Optional<String> peer() {
        return Optional.empty();
    }

    @Override
    public Optional<InetSocketAddress> remote() {
        return Optional.of(path.remote());
    }

    @Override
    public void send(byte[] message) {
        if (tap.isWatched()) tap.out(ends(), message);
        int source = path.remote().getPort();
        int port = TopVia.isResponse(message) ? TopVia.replyPort(message, source) : source;
        boolean _ = datagrams.send(
                message,
                port == source
                        ? path
                        : new Path(
                                path.local(),
                                new InetSocketAddress(path.remote().getAddress(), port)));
    }

    /// There is nothing to close: the other side need not know.
    @Override
    public void close(String reason) {}

    @Override
    public boolean isOpen() {
        return open.getAsBoolean();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof UdpFlow flow && flow.id.equals(id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    @Override
    public String toString() {
        return id;
    }
}
