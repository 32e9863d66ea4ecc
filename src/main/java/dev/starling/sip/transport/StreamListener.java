package dev.starling.sip.transport;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/// One TCP port for phones, with TLS or without: accepts as many connections as the bounds allow, of one network and of
/// strangers too, and ends those whose time is over.
final class StreamListener implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final int BACKLOG = 1_000, FAILED_MILLIS = 100;

    private final ServerSocket socket = new ServerSocket();
    private final Optional<Supplier<SSLContext>> tls;
    private final Places all, strangers;
    private final PhoneTransport.Limits times;
    private final Tap tap;
    private final Offences offences;
    private final Set<StreamFlow> here = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /// @param tls asked for each connection, so that a renewed certificate counts at once
    /// @param all places of every connection; `strangers` of those who have not proven yet who they are
    StreamListener(
            InetSocketAddress address,
            Optional<Supplier<SSLContext>> tls,
            Places all,
            Places strangers,
            PhoneTransport.Limits times,
            Tap tap,
            Offences offences)
            throws IOException {
        this.tls = tls;
        this.all = all;
        this.strangers = strangers;
        this.times = times;
        this.tap = tap;
        this.offences = offences;
        try {
            socket.setReuseAddress(true);
            socket.bind(address, BACKLOG);
        } catch (IOException e) {
            socket.close();
            throw new IOException("cannot listen on " + address + ": " + e.getMessage(), e);
        }
    }

    int port() {
        return socket.getLocalPort();
    }

    void start(Flow.Receiver receiver) {
        Thread.ofVirtual().name("phone-accept").start(() -> accept(receiver));
    }

    private void accept(Flow.Receiver receiver) {
        while (!closed) {
            try {
                take(socket.accept(), receiver);
            } catch (IOException e) {
                // Closed, or no file is left: then the others need time.
                if (!closed) pause(e);
            }
        }
    }

    private static void pause(IOException why) {
        LOG.log(System.Logger.Level.WARNING, "accepting a phone: {0}", why.getMessage());
        try {
            Thread.sleep(FAILED_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void take(Socket tcp, Flow.Receiver receiver) {
        Optional<Runnable> place = all.take(tcp.getInetAddress());
        Optional<Runnable> strange = place.isEmpty() ? place : strangers.take(tcp.getInetAddress());
        if (strange.isEmpty()) {
            place.ifPresent(Runnable::run);
            offences.by(tcp.getInetAddress(), "Too many connections", "");
            closeQuietly(tcp);
            return;
        }
        Runnable both = () -> {
            strange.get().run();
            place.get().run();
        };
        try {
            tcp.setTcpNoDelay(true);
            tcp.setKeepAlive(true);
            Socket over = tls.isPresent() ? over(tcp, tls.get().get()) : tcp;
            String transport = tls.isPresent() ? "TLS" : "TCP";
            var flow = new StreamFlow(
                    tcp,
                    over,
                    transport,
                    times,
                    System.nanoTime(),
                    strange.get(),
                    () -> offences.by(tcp.getInetAddress(), "Messages not read", transport),
                    tap,
                    new Leaving(receiver, both));
            here.add(flow);
            flow.start();
            if (closed) flow.close("this peer stops");
        } catch (IOException e) {
            both.run();
            closeQuietly(tcp);
        }
    }

    // The handshake is part of the first read, so the stranger's time covers it.
    private static SSLSocket over(Socket tcp, SSLContext context) throws IOException {
        String address = tcp.getInetAddress().getHostAddress();
        var socket = (SSLSocket) context.getSocketFactory().createSocket(tcp, address, tcp.getPort(), true);
        socket.setUseClientMode(false);
        return socket;
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing: " + e.getMessage());
        }
    }

    /// Ends those whose time is over.
    void sweep(long now) {
        for (StreamFlow each : here) {
            Optional<String> why = each.overdue(now);
            if (why.isEmpty()) continue;
            each.remote().ifPresent(who -> offences.by(who.getAddress(), why.get(), each.transport()));
            each.close(why.get());
        }
    }

    int size() {
        return here.size();
    }

    @Override
    public void close() {
        closed = true;
        try {
            socket.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing: " + e.getMessage());
        }
        for (StreamFlow each : here) each.close("this peer stops");
    }

    /// Gives the places of an ended flow back before anybody hears of its end.
    private final class Leaving implements Flow.Receiver {
        private final Flow.Receiver receiver;
        private final Runnable places;

        Leaving(Flow.Receiver receiver, Runnable places) {
            this.receiver = receiver;
            this.places = places;
        }

        @Override
        public void received(Flow flow, byte[] message) {
            receiver.received(flow, message);
        }

        @Override
        public void closed(Flow flow) {
            if (flow instanceof StreamFlow ended) here.remove(ended);
            places.run();
            receiver.closed(flow);
        }
    }
}
