package dev.starling.cli;

import java.io.IOException;
import java.net.InetAddress;

/// Addresses with a common beginning (RFC 4632), as an operator writes them: `10.1.0.0/16`, `fd00:1::/32`.
record Network(InetAddress first, int bits) {
    static Network parse(String text) throws IOException {
        String[] parts = text.split("/", 2);
        try {
            InetAddress first = InetAddress.ofLiteral(parts[0]);
            int all = first.getAddress().length * Byte.SIZE;
            int bits = parts.length == 1 ? all : Integer.parseInt(parts[1]);
            if (bits >= 0 && bits <= all) return new Network(first, bits);
        } catch (IllegalArgumentException e) {
            throw new IOException("not a network: " + text, e);
        }
        throw new IOException("not a network: " + text);
    }

    boolean has(InetAddress address) {
        byte[] ours = first.getAddress(), theirs = address.getAddress();
        if (ours.length != theirs.length) return false;
        for (int bit = 0; bit < bits; bit++) {
            int mask = 0x80 >> bit % Byte.SIZE;
            if ((ours[bit / Byte.SIZE] & mask) != (theirs[bit / Byte.SIZE] & mask)) return false;
        }
        return true;
    }
}
