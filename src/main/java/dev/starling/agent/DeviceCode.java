package dev.starling.agent;

import dev.starling.identity.DeviceId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/// The code that a listed device shows to let a new one in, and the number to compare where there is none
/// (docs/protocols/formats.md, section 11).
public final class DeviceCode {
    private DeviceCode() {}

    /// As typed or pasted, without regard to case, blanks and dashes; empty when it is none.
    public static Optional<String> read(String typed) {
        String letters = typed.toUpperCase(Locale.ROOT)
                .replaceAll("[\\s-]", "")
                .replace('O', '0')
                .replaceAll("[IL]", "1");
        return letters.matches("[0-9A-HJKMNP-TV-Z]{12}") ? Optional.of(letters) : Optional.empty();
    }

    /// Keeps it for the device whose store this is, as long as it is good.
    public static void keep(AgentStore store, String code, Clock clock) throws IOException {
        Membership.tell(store, code, clock);
    }

    /// The number that both devices show when there is no code: twelve digits.
    public static String checkNumber(Profile us) {
        byte[] hash = DeviceId.sha256((us.id().hex() + " " + us.address()).getBytes(StandardCharsets.UTF_8));
        long number = Long.parseUnsignedLong(HexFormat.of().formatHex(hash, 0, 8), 16);
        return String.format(Locale.ROOT, "%012d", Long.remainderUnsigned(number, 1_000_000_000_000L));
    }
}
