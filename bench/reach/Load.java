import dev.starling.sip.transport.Datagrams;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Phones that keep a server busy: a closed loop with so many operations under way. Callers and callees are the same
/// phones behind one socket, which names each one's own address. No retransmission: what is not over after two seconds
/// is lost.
final class Load implements Datagrams.Receiver, AutoCloseable {
    enum Kind {
        REGISTER,
        MESSAGE,
        CALL
    }

    /// @param challenges answers 401 and 407, after which the same phone asked again
    record Result(int count, double seconds, int lost, int failed, int challenges) {
        double perSecond() {
            return count / seconds;
        }
    }

    private static final int WINDOW = 32;
    private static final long PATIENCE_NANOS = 2_000_000_000L;
    private static final String SDP = "v=0\r\no=a 2890844526 2890844526 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
            + "t=0 0\r\nm=audio 49170 RTP/AVP 0 8 97 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
            + "a=rtpmap:97 iLBC/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";
    private static final String TEXT = "Hello there, how are you today?? \n";
    private static final byte TALKING = 1, OVER = 2;

    private final Datagrams socket;
    private final InetSocketAddress server;
    private final Phones phones;
    private int run;
    private Kind kind = Kind.REGISTER;
    private long[] began = {};
    private byte[] states = {};
    private int started, done, lost, failed, challenges, first;
    private CountDownLatch ended = new CountDownLatch(0);

    Load(InetSocketAddress server, Phones phones) throws Exception {
        this.server = server;
        this.phones = phones;
        socket = Datagrams.open(new InetSocketAddress("0.0.0.0", phones.port()));
        socket.start(this);
    }

    /// @param from the first phone of those that act, in turn
    Result run(Kind what, int count, int from) throws InterruptedException {
        long begin = System.nanoTime();
        synchronized (this) {
            run++;
            kind = what;
            first = from;
            began = new long[count];
            states = new byte[count];
            started = done = lost = failed = challenges = 0;
            ended = new CountDownLatch(1);
            fill();
        }
        for (long nanos = giveUp(); !ended.await(nanos, TimeUnit.NANOSECONDS); ) nanos = giveUp();
        return new Result(count, (System.nanoTime() - begin) / 1e9, lost, failed, challenges);
    }

    private void fill() {
        while (started < states.length && started - done < WINDOW) start(started++);
        if (done == states.length) ended.countDown();
    }

    /// Nanoseconds until it has to be asked again.
    private synchronized long giveUp() {
        long now = System.nanoTime(), left = PATIENCE_NANOS;
        for (int i = 0; i < started; i++) {
            if (states[i] == OVER) continue;
            long patience = PATIENCE_NANOS - (now - began[i]);
            if (patience > 0) {
                left = Math.min(left, patience);
                continue;
            }
            lost++;
            over(i);
        }
        fill();
        return left;
    }

    private void over(int op) {
        if (states[op] == OVER) return;
        states[op] = OVER;
        done++;
    }

    private int caller(int op) {
        return (first + op) % phones.size();
    }

    private int callee(int op) {
        return (first + op + phones.size() / 2) % phones.size();
    }

    private void start(int op) {
        began[op] = System.nanoTime();
        ask(op);
    }

    private void ask(int op) {
        int from = caller(op), to = callee(op);
        String uri = kind == Kind.REGISTER ? "sip:127.0.0.1" : "sip:u" + to + "@127.0.0.1";
        String method = kind == Kind.CALL ? "INVITE" : kind.name();
        String credentials = phones.credentials(from, method, uri);
        String whom = kind == Kind.REGISTER ? "<sip:u" + from + "@127.0.0.1>" : "<" + uri + ">";
        String head = head(method, uri, from, op, phones.number(from), whom);
        String contact = "Contact: <sip:u" + from + "@" + phones.at(from) + ">\r\n";
        send(from, switch (kind) {
            case REGISTER -> head + contact + "Expires: 3600\r\n" + credentials + "Content-Length: 0\r\n\r\n";
            case MESSAGE ->
                head + credentials + "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: " + TEXT.length()
                        + "\r\n\r\n" + TEXT;
            case CALL ->
                head + contact + credentials + "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, NOTIFY\r\n"
                        + "Supported: replaces, outbound\r\nContent-Type: application/sdp\r\nContent-Length: "
                        + SDP.length() + "\r\n\r\n" + SDP;
        });
    }

    private String head(String method, String uri, int from, int op, int cseq, String to) {
        String id = run + "-" + op, call = kind == Kind.REGISTER ? "registration" + from : id;
        return method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP " + phones.at(from) + ";branch=z9hG4bK-" + id + "-"
                + cseq + ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:u" + from + "@127.0.0.1>;tag=f" + id + "\r\nTo: "
                + to + "\r\nCall-ID: " + call + "@bench\r\nCSeq: " + cseq + " " + method + "\r\nUser-Agent: bench\r\n";
    }

    private void send(int phone, String message) {
        socket.send(message.getBytes(StandardCharsets.ISO_8859_1), new Datagrams.Path(phones.address(phone), server));
    }

    @Override
    public synchronized void received(byte[] datagram, Datagrams.Path path) {
        String message = new String(datagram, StandardCharsets.ISO_8859_1);
        if (message.startsWith("SIP/2.0 ")) answered(message);
        else asked(message, path);
    }

    private void answered(String answer) {
        String[] id = value(answer, "\r\nVia:").replaceFirst(".*;branch=z9hG4bK-([0-9-]+).*", "$1").split("-");
        int op = Integer.parseInt(id[1]), status = Integer.parseInt(answer.substring(8, 11));
        if (Integer.parseInt(id[0]) != run || status < 200 || states[op] == OVER) return;
        if (status == 401 || status == 407) again(op, answer);
        else if (status != 200) fail(op, answer);
        else if (value(answer, "\r\nCSeq:").endsWith("INVITE")) talk(op, answer);
        else over(op);
        fill();
    }

    private void again(int op, String answer) {
        int from = caller(op);
        if (kind == Kind.CALL) within(op, "ACK", answer, "sip:u" + callee(op) + "@127.0.0.1");
        String nonce = answer.replaceFirst("(?s).*nonce=\"([^\"]+)\".*", "$1");
        phones.asked(from, nonce);
        challenges++;
        ask(op);
    }

    private void fail(int op, String answer) {
        if (failed++ < 3) System.err.println("failed: " + answer);
        over(op);
    }

    private void talk(int op, String answer) {
        String contact = value(answer, "\r\nContact:");
        String target = contact.substring(contact.indexOf('<') + 1, contact.indexOf('>'));
        within(op, "ACK", answer, target);
        // A second copy of the answer is acknowledged, and the call ended once.
        if (states[op] != TALKING) within(op, "BYE", answer, target);
        states[op] = TALKING;
    }

    private void within(int op, String method, String answer, String target) {
        int from = caller(op), asked = Integer.parseInt(value(answer, "\r\nCSeq:").split(" ")[0]);
        int cseq = method.equals("ACK") ? asked : phones.number(from);
        String route = value(answer, "\r\nRecord-Route:");
        send(
                from,
                head(method, target, from, op, cseq, value(answer, "\r\nTo:"))
                        + (route.isEmpty() ? "" : "Route: " + route + "\r\n") + "Content-Length: 0\r\n\r\n");
    }

    private void asked(String request, Datagrams.Path path) {
        if (request.startsWith("ACK ") || request.startsWith("OPTIONS ")) return;
        boolean invite = request.startsWith("INVITE ");
        if (invite) reply(request, "180 Ringing", "", path);
        reply(request, "200 OK", invite ? SDP : "", path);
    }

    private void reply(String request, String status, String body, Datagrams.Path path) {
        var answer = new StringBuilder("SIP/2.0 ").append(status).append("\r\n");
        for (String line : request.substring(0, request.indexOf("\r\n\r\n")).split("\r\n")) {
            boolean to = line.startsWith("To:");
            if (to || line.startsWith("Via:") || line.startsWith("Record-Route:") || line.startsWith("From:")
                    || line.startsWith("Call-ID:") || line.startsWith("CSeq:"))
                answer.append(line).append(to && !line.contains(";tag=") ? ";tag=callee\r\n" : "\r\n");
        }
        answer.append("Contact: <sip:u@").append(path.local().getHostAddress()).append(":").append(phones.port()).append(">\r\n");
        if (!body.isEmpty()) answer.append("Content-Type: application/sdp\r\n");
        answer.append("Content-Length: ").append(body.length()).append("\r\n\r\n").append(body);
        socket.send(answer.toString().getBytes(StandardCharsets.ISO_8859_1), path);
    }

    private static String value(String message, String header) {
        int at = message.indexOf(header);
        return at < 0 ? "" : message.substring(at + header.length(), message.indexOf('\r', at + 2)).trim();
    }

    @Override
    public void truncated(Datagrams.Path path) {}

    @Override
    public void close() {
        socket.close();
    }
}
