package dev.starling.sdp;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Whatever comes, it is read or refused, and what was read can be written and read again.
class SdpFuzzTest {
    private static final int CASES = 30_000;
    private static final long SEED = 20_261_129;

    @Test
    void damagedDescriptionsAreReadOrRefused() {
        var random = new Random(SEED);
        for (int i = 0; i < CASES; i++) {
            byte[] bytes = damaged(Samples.ALL.get(random.nextInt(Samples.ALL.size())), random);
            try {
                read(bytes);
            } catch (RuntimeException e) {
                throw new AssertionError("case " + i + " of seed " + SEED, e);
            }
        }
    }

    private static void read(byte[] bytes) {
        SessionDescription sdp;
        try {
            sdp = SessionDescription.parse(bytes);
        } catch (SdpException e) {
            return;
        }
        for (MediaDescription line : sdp.media()) lines(sdp, line);
        try {
            if (!sdp.equals(SessionDescription.parse(sdp.bytes())))
                throw new IllegalStateException("reads differently");
        } catch (SdpException e) {
            throw new IllegalStateException("what was written is not read", e);
        }
    }

    private interface Reading {
        void read() throws SdpException;
    }

    private static void lines(SessionDescription sdp, MediaDescription line) {
        sdp.direction(line);
        orRefused(line::codecs);
        line.all("candidate").forEach(each -> orRefused(() -> Candidate.parse(each)));
        line.all("crypto").forEach(each -> orRefused(() -> Crypto.parse(each)));
        line.all("fingerprint").forEach(each -> orRefused(() -> Fingerprint.parse(each)));
    }

    private static void orRefused(Reading reading) {
        try {
            reading.read();
        } catch (SdpException e) {
            // As it should be.
        }
    }

    private static byte[] damaged(byte[] sample, Random random) {
        byte[] bytes = sample.clone();
        for (int i = random.nextInt(8); i >= 0; i--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] = (byte) " =:/\r\n0a".charAt(random.nextInt(8));
                case 2 -> {
                    int many = random.nextInt(bytes.length - at);
                    System.arraycopy(sample, random.nextInt(sample.length - many), bytes, at, many);
                }
                default -> bytes = Arrays.copyOf(bytes, Math.max(1, at));
            }
        }
        return bytes;
    }
}
