package dev.starling.web;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/// A client that speaks bytes, and so can do what no good client does.
final class Wire implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 20_000;

    private final Socket socket = new Socket();

    /// @param receiveBytes of the receive buffer; 0 for the usual one
    Wire(int port, int receiveBytes) throws IOException {
        if (receiveBytes > 0) socket.setReceiveBufferSize(receiveBytes);
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
    }

    Wire(int port) throws IOException {
        this(port, 0);
    }

    void write(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    void write(String text) throws IOException {
        write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    InputStream in() throws IOException {
        return socket.getInputStream();
    }

    /// Opens a WebSocket and gives the head of the answer.
    String upgrade(String... headers) throws IOException {
        write(
                "GET /sip HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + String.join("\r\n", headers)
                        + "\r\n\r\n");
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int b = in().read();
            if (b < 0) break;
            head.append((char) b);
        }
        return head.toString();
    }

    /// A masked client frame (RFC 6455, section 5.2); the mask is zero.
    void frame(int firstByte, byte[] payload) throws IOException {
        frame(firstByte, payload, payload.length);
    }

    /// @param claimed length in the header
    void frame(int firstByte, byte[] payload, long claimed) throws IOException {
        var out = new ByteArrayOutputStream();
        out.write(firstByte);
        if (claimed >= 0 && claimed < 126) {
            out.write((int) (0x80 | claimed));
        } else if (claimed >= 0 && claimed < 65_536) {
            out.write(0x80 | 126);
            out.write((int) (claimed >> 8));
            out.write((int) claimed);
        } else {
            out.write(0x80 | 127);
            for (int shift = 56; shift >= 0; shift -= 8) out.write((int) (claimed >> shift));
        }
        out.writeBytes(new byte[4]);
        out.writeBytes(payload);
        write(out.toByteArray());
    }

    /// First byte and payload of the next short frame of the server's.
    byte[] next() throws IOException {
        int first = in().read(), length = in().read();
        if (first < 0 || length < 0) throw new IOException("closed");
        if (length == 126) length = in().read() << 8 | in().read();
        byte[] payload = in().readNBytes(length);
        byte[] all = new byte[payload.length + 1];
        all[0] = (byte) first;
        System.arraycopy(payload, 0, all, 1, payload.length);
        return all;
    }

    /// Everything until the server closes; fails when it does not.
    String rest() throws IOException {
        var all = new ByteArrayOutputStream();
        byte[] piece = new byte[8192];
        try {
            for (int n = in().read(piece); n >= 0; n = in().read(piece)) all.write(piece, 0, n);
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (SocketException e) {
            // Reset: closed as well.
            return all.toString(StandardCharsets.ISO_8859_1);
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }

    /// Says that nothing more comes.
    void finish() throws IOException {
        socket.shutdownOutput();
    }

    /// Ends with a reset in place of a farewell.
    void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
