package dev.starling.dht.opendht;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/// An attacker's REST proxy before a real node: it passes everything on until it is told to be malicious.
public final class EvilProxy implements AutoCloseable {
    /// What it does with the values that it is asked for; some do something with those that are put, too.
    public enum Malice {
        NONE,
        HAS_NOTHING,
        /// Gives what lay there when it was asked first.
        REPLAYS,
        /// Every value has another content, and a number that would replace all others.
        ALTERS,
        /// Takes any request and never answers.
        STALLS,
        /// The first half of the answer, and then nothing more.
        STALLS_IN_THE_MIDDLE,
        /// The first half of the answer, and the connection ends.
        DIES_IN_THE_MIDDLE,
        SENDS_70_MB_OF_ONE_LINE,
        /// Well-formed, each with an id of its own.
        SENDS_70_MB_OF_VALUES,
        /// Says that it took what is put, and throws it away.
        SWALLOWS
    }

    private static final long LARGE_BYTES = 70_000_000;
    private static final int JUNK_BYTES = 900, PAGE_BYTES = 1 << 16;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final URI node;
    private final HttpServer server;
    private final CountDownLatch never = new CountDownLatch(1);
    private final AtomicInteger played = new AtomicInteger();
    private final Map<String, String> first = new ConcurrentHashMap<>();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private volatile Malice malice = Malice.NONE;

    /// @param node the base URL of a real node's proxy
    public EvilProxy(URI node) throws IOException {
        this.node = node;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    public URI base() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    }

    public void be(Malice malice) {
        this.malice = malice;
        played.set(0);
    }

    /// How often it has been malicious since it was told to be.
    public int played() {
        return played.get();
    }

    private void handle(HttpExchange exchange) {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            boolean put = exchange.getRequestMethod().equals("POST");
            boolean get = !put && exchange.getRequestURI().getPath().startsWith("/key/");
            Malice now = malice;
            boolean plays = switch (now) {
                case NONE -> false;
                case STALLS -> true;
                case SWALLOWS -> put;
                default -> get;
            };
            if (plays) {
                played.incrementAndGet();
                play(now, exchange, body);
            } else {
                var answer = passOn(exchange, body);
                answer(exchange, answer.statusCode(), answer.body());
            }
        } catch (IOException e) {
            // The client has gone, or it is broken off on purpose.
            System.getLogger("test").log(System.Logger.Level.DEBUG, "broken off", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private HttpResponse<String> passOn(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        String path = exchange.getRequestURI().toString();
        var request = HttpRequest.newBuilder(node.resolve(path))
                .timeout(PATIENCE)
                .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (exchange.getRequestMethod().equals("GET") && !answer.body().isBlank())
            first.putIfAbsent(path, answer.body());
        return answer;
    }

    private void play(Malice now, HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        switch (now) {
            case NONE -> throw new IllegalStateException();
            case HAS_NOTHING -> answer(exchange, 200, "");
            case REPLAYS ->
                answer(
                        exchange,
                        200,
                        first.getOrDefault(exchange.getRequestURI().toString(), ""));
            case ALTERS -> answer(exchange, 200, altered(passOn(exchange, body).body()));
            case STALLS -> never.await();
            case STALLS_IN_THE_MIDDLE -> {
                half(exchange, body);
                never.await();
            }
            case DIES_IN_THE_MIDDLE -> {
                half(exchange, body);
                throw new IOException("on purpose");
            }
            case SENDS_70_MB_OF_ONE_LINE -> {
                byte[] page = "x".repeat(PAGE_BYTES).getBytes(StandardCharsets.US_ASCII);
                var out = begin(exchange);
                for (long sent = 0; sent < LARGE_BYTES; sent += PAGE_BYTES) out.write(page);
            }
            case SENDS_70_MB_OF_VALUES -> values(begin(exchange));
            case SWALLOWS -> answer(exchange, 200, new String(body, StandardCharsets.UTF_8));
        }
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static OutputStream begin(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        return exchange.getResponseBody();
    }

    private void half(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        byte[] whole = passOn(exchange, body).body().getBytes(StandardCharsets.UTF_8);
        var out = begin(exchange);
        out.write(whole, 0, whole.length / 2);
        out.flush();
    }

    private static String altered(String lines) {
        var all = new StringBuilder();
        for (String line : lines.lines().toList())
            Signed.parse(line).ifPresent(signed -> {
                byte[] data = signed.data().clone();
                data[data.length - 1] ^= 1;
                all.append(new Signed(signed.id(), Signed.MAX_SEQ, signed.owner(), data, signed.signature(), false)
                                .json())
                        .append('\n');
            });
        return all.toString();
    }

    private static void values(OutputStream out) throws IOException {
        byte[] noise = new byte[JUNK_BYTES];
        ThreadLocalRandom.current().nextBytes(noise);
        byte[] envelope = new Envelope(1, Long.MAX_VALUE, noise).bytes();
        String rest = "\",\"data\":\"" + Base64.getEncoder().encodeToString(envelope) + "\"}\n";
        for (long sent = 0, id = 1; sent < LARGE_BYTES; id++) {
            byte[] line = ("{\"id\":\"" + id + rest).getBytes(StandardCharsets.US_ASCII);
            out.write(line);
            sent += line.length;
        }
    }

    @Override
    public void close() {
        never.countDown();
        server.stop(0);
        http.shutdownNow();
    }
}
