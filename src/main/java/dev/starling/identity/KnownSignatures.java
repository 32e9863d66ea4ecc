package dev.starling.identity;

import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/// Signatures of certificates that were checked and are right, the least used forgotten first. Only that is kept: time,
/// names, anchors and revocation are looked at each time.
final class KnownSignatures {
    private final Map<String, Boolean> known;

    /// @param limit how many are kept, of some 250 bytes each
    KnownSignatures(int limit) {
        known = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                return size() > limit;
            }
        };
    }

    synchronized boolean contains(CertificateFields certificate, byte[] spki) {
        return known.get(name(certificate, spki)) != null;
    }

    synchronized void add(CertificateFields certificate, byte[] spki) {
        known.put(name(certificate, spki), true);
    }

    /// All that the answer depends on: the whole certificate, with its algorithm and signature, and the key.
    private static String name(CertificateFields certificate, byte[] spki) {
        var hex = HexFormat.of();
        return hex.formatHex(DeviceId.sha256(certificate.der())) + hex.formatHex(DeviceId.sha256(spki));
    }
}
