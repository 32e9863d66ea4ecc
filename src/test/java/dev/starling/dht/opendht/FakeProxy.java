package dev.starling.dht.opendht;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// A REST proxy of a network, honest until a test tells it otherwise.
final class FakeProxy implements AutoCloseable {
    /// What it does with one kind of request in place of the honest thing.
    interface Trick {
        void play(HttpExchange exchange, CountDownLatch never) throws IOException, InterruptedException;
    }

    enum Call {
        PUT,
        GET,
        LISTEN,
        INFO
    }

    /// Takes the request and never answers.
    static final Trick STALL = (_, never) -> never.await();

    /// Says that all is well and does nothing.
    static final Trick NOTHING = (exchange, _) -> answer(exchange, 200, "{}\n");

    /// Has no values, whatever lies there.
    static final Trick EMPTY = (exchange, _) -> answer(exchange, 200, "");

    final Map<Call, Trick> tricks = new ConcurrentHashMap<>();
    final Map<Call, AtomicInteger> calls = new ConcurrentHashMap<>();
    private final FakeNetwork network;
    private final HttpServer server;
    private final CountDownLatch never = new CountDownLatch(1);

    FakeProxy(FakeNetwork network) throws IOException {
        this(network, 0);
    }

    FakeProxy(FakeNetwork network, int port) throws IOException {
        this.network = network;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    URI base() {
        return URI.create("http://127.0.0.1:" + port() + "/");
    }

    int count(Call call) {
        var count = calls.get(call);
        return count == null ? 0 : count.get();
    }

    private void handle(HttpExchange exchange) {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            Call call = path.equals("/node/info")
                    ? Call.INFO
                    : exchange.getRequestMethod().equals("POST")
                            ? Call.PUT
                            : path.endsWith("/listen") ? Call.LISTEN : Call.GET;
            calls.computeIfAbsent(call, _ -> new AtomicInteger()).incrementAndGet();
            var trick = tricks.get(call);
            if (trick == null) honest(call, path.replaceAll("^/key/|/listen$", ""), exchange);
            else trick.play(exchange, never);
        } catch (IOException e) {
            // The client has gone: what the test is about, seen from the other side.
            System.getLogger("test").log(System.Logger.Level.DEBUG, "gone", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void honest(Call call, String key, HttpExchange exchange) throws IOException, InterruptedException {
        switch (call) {
            case INFO ->
                answer(exchange, 200, "{\"ipv4\":{\"dubious\":0,\"good\":7,\"incoming\":0},\"node_id\":\"0\"}\n");
            case PUT -> {
                String json = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                network.put(key, json);
                answer(exchange, 200, json + "\n");
            }
            case GET -> {
                exchange.sendResponseHeaders(200, 0);
                try (var out = exchange.getResponseBody()) {
                    for (String line : network.get(key)) write(out, line + "\n");
                }
            }
            case LISTEN -> {
                exchange.sendResponseHeaders(200, 0);
                var queue = network.listen(key);
                try (var out = exchange.getResponseBody()) {
                    stream(queue, out);
                } finally {
                    network.leave(key, queue);
                }
            }
        }
    }

    private void stream(LinkedBlockingQueue<String> queue, OutputStream out) throws IOException, InterruptedException {
        out.flush();
        while (!never.await(0, TimeUnit.MILLISECONDS)) {
            String line = queue.poll(50, TimeUnit.MILLISECONDS);
            // A blank line when there is nothing: how this side notices that nobody listens any more.
            write(out, line == null ? "\n" : line + "\n");
            out.flush();
        }
    }

    static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.US_ASCII));
    }

    static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.US_ASCII);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        never.countDown();
        server.stop(0);
    }
}
