package dev.starling.nat.turn;

import dev.starling.nat.stun.Attribute;
import dev.starling.nat.stun.Protection;
import dev.starling.nat.stun.StunClass;
import dev.starling.nat.stun.StunMessage;
import dev.starling.nat.stun.StunWriter;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.function.UnaryOperator;

/// A client of a relay, of the tests: it asks, and keeps realm and nonce. How bytes travel, the test says.
final class TurnClient {
    private final SecureRandom random = new SecureRandom();
    private final UnaryOperator<byte[]> exchange;
    private final TimedCredentials.Issued credentials;
    String realm = "";
    String nonce = "";

    TurnClient(TimedCredentials.Issued credentials, UnaryOperator<byte[]> exchange) {
        this.credentials = credentials;
        this.exchange = exchange;
    }

    StunWriter request(int method) {
        byte[] id = new byte[StunMessage.TRANSACTION_ID_BYTES];
        random.nextBytes(id);
        return new StunWriter(method, StunClass.REQUEST, id);
    }

    /// What the relay asks for first.
    void greet() throws Exception {
        var answer = ask(allocate(request(Requests.ALLOCATE)));
        realm = answer.text(Attribute.REALM, 763).orElseThrow();
        nonce = answer.text(Attribute.NONCE, 763).orElseThrow();
    }

    static StunWriter allocate(StunWriter writer) {
        return writer.put(Attribute.REQUESTED_TRANSPORT, new byte[] {17, 0, 0, 0});
    }

    StunMessage ask(StunWriter writer) throws Exception {
        return StunMessage.parse(exchange.apply(writer.bytes()));
    }

    byte[] key() {
        return Protection.md5Key(credentials.name(), realm, credentials.password());
    }

    StunWriter signed(StunWriter writer) {
        return writer.put(Attribute.USERNAME, credentials.name())
                .put(Attribute.REALM, realm)
                .put(Attribute.NONCE, nonce)
                .protect(key());
    }

    StunMessage askSigned(StunWriter writer) throws Exception {
        return ask(signed(writer));
    }

    /// The address under which peers see it.
    InetSocketAddress allocated() throws Exception {
        greet();
        return askSigned(allocate(request(Requests.ALLOCATE)))
                .xorAddress(Attribute.XOR_RELAYED_ADDRESS)
                .orElseThrow();
    }

    static byte[] channelData(int number, byte[] data) {
        return ByteBuffer.allocate(4 + data.length)
                .putShort((short) number)
                .putShort((short) data.length)
                .put(data)
                .array();
    }
}
