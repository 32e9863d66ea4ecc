package dev.starling.ca.store;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// That a mailbox was proven: what whoever judged the proof signed, so that whoever issues need not believe the rest of
/// the store.
///
/// @param authorization its id
/// @param address that was proven, normalised
/// @param way the type of the challenge
/// @param holder who may ask for certificates by it: [#ofAccount] or [#ofRequest]
/// @param proven Unix seconds
/// @param evidence SHA-256 of the mail that proves it, hexadecimal; "" for a code
/// @param signature over [#said]; empty before
public record Receipt(
        String authorization,
        String address,
        String way,
        String holder,
        long proven,
        String evidence,
        byte[] signature) {
    public Receipt {
        signature = signature.clone();
    }

    @Override
    public byte[] signature() {
        return signature.clone();
    }

    /// The holder of an account's key, by its thumbprint (RFC 7638).
    public static String ofAccount(String thumbprint) {
        return "account " + thumbprint;
    }

    /// Whoever sent one certificate request, for which alone it counts.
    ///
    /// @param digest SHA-256 of the request (DER), hexadecimal
    public static String ofRequest(String digest) {
        return "request " + digest;
    }

    public Receipt signed(byte[] by) {
        return new Receipt(authorization, address, way, holder, proven, evidence, by);
    }

    /// What is signed: each field with its length before it, so that none can be taken for a part of the next.
    public byte[] said() {
        var all = new ByteArrayOutputStream();
        for (String each :
                List.of("starling proof 1", authorization, address, way, holder, String.valueOf(proven), evidence)) {
            byte[] bytes = each.getBytes(StandardCharsets.UTF_8);
            all.writeBytes((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
            all.writeBytes(bytes);
        }
        return all.toByteArray();
    }

    @Override
    public String toString() {
        return "Receipt[" + authorization + ", " + way + "]";
    }
}
