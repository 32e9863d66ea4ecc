package dev.starling.phone;

import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.PhoneTransport;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The side for phones of a peer, with real sockets: account `bob`, password `secret`. Says in lines what happens; an
/// INVITE is answered 486, anything else 200. As a program: `host port folder`, until its input ends.
final class PhoneServer implements PhoneAccounts, PhoneUser, AutoCloseable {
    static final String REALM = "example.net";
    private static final Ha1 BOB = Ha1.of("bob", REALM, "secret");
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Consumer<String> said;
    private final PhoneRegistrar registrar;
    final PhoneTransport transport;
    final PhoneEdge edge;

    PhoneServer(String host, int port, Path folder, Consumer<String> said) throws IOException {
        this.said = said;
        TransactionLayer.Timers timers = (delay, task) -> {
            var due = timer.schedule(() -> Thread.ofVirtual().start(task), delay.toMillis(), TimeUnit.MILLISECONDS);
            return () -> due.cancel(false);
        };
        Clock clock = Clock.systemUTC();
        transport = new PhoneTransport(
                new PhoneTransport.Listening(
                        List.of(InetAddress.ofLiteral(host)), port, OptionalInt.empty(), Optional.empty()),
                PhoneTransport.Limits.USUAL,
                Optional.empty(),
                (_, _) -> Optional.empty(),
                clock);
        registrar = new PhoneRegistrar(folder.resolve("phones.db"), this, transport, timers, clock);
        edge = new PhoneEdge(
                transport,
                this,
                new Digest(REALM, this, new byte[32], clock),
                registrar,
                this,
                timers,
                transport.offences(),
                clock);
        transport.start(edge);
    }

    @Override
    public Optional<Ha1> ha1(String user) {
        return user.equals("bob") ? Optional.of(BOB) : Optional.empty();
    }

    @Override
    public boolean owns(String user, SipUri address) {
        return address.user().equals(user);
    }

    @Override
    public void registered(String account) {
        List<Binding> now = registrar.of(account);
        said.accept(
                now.isEmpty()
                        ? "gone"
                        : "registered " + now.getFirst().flow().transport() + " "
                                + now.getFirst().agent());
    }

    @Override
    public void request(String account, Flow flow, SipMessage request, RequestReceived server) {
        said.accept(request.method() + " of " + account + " "
                + new String(request.body(), java.nio.charset.StandardCharsets.UTF_8)
                        .lines()
                        .findFirst()
                        .orElse(""));
        boolean invite = request.method().equals("INVITE");
        try {
            server.respond(
                    Edit.response(request, invite ? 486 : 200, invite ? "Busy Here" : "OK", TransactionLayer.tag())
                            .build());
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Sends a MESSAGE to the newest phone of `bob`, and says what it answers.
    void message(String text) {
        try {
            if (registrar.of("bob").isEmpty()) return;
            Binding phone = registrar.of("bob").getFirst();
            Edit message = Edit.request("MESSAGE", phone.contact())
                    .add("From", "<sip:alice@example.org>;tag=" + TransactionLayer.tag())
                    .add("To", "<sip:bob@example.net>")
                    .add("Call-ID", TransactionLayer.tag())
                    .add("CSeq", "1 MESSAGE")
                    .body("text/plain", text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            var _ = edge.send(message, phone, answer -> said.accept("answered " + answer.status()));
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void acknowledged(Flow flow, SipMessage ack) {}

    @Override
    public boolean knows(String account, DialogId dialog) {
        return false;
    }

    @Override
    public void closed(Flow flow, List<RequestReceived> unanswered) {}

    @Override
    public void close() {
        transport.close();
        registrar.close();
        timer.shutdownNow();
    }

    public static void main(String[] args) throws IOException {
        Path folder = Files.createDirectories(Path.of(args[2]));
        try (var server =
                new PhoneServer(args[0], Integer.parseInt(args[1]), folder, line -> System.out.println(line))) {
            System.out.println("ready");
            for (int c = System.in.read(); c >= 0; c = System.in.read()) if (c == 'm') server.message("hello phone");
        }
    }
}
