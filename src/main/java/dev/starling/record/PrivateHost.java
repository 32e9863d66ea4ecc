package dev.starling.record;

import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;

/// Hosts that only a peer in local mode may be pointed at, told by their text. A name can still resolve to a private
/// address: whoever connects looks once more.
public final class PrivateHost {
    private static final Pattern SIX =
            Pattern.compile("(::|f[cd]|fe[89ab]|ff|64:ff9b:|2001:0*:|2002:|2001:0?db8:|0).*");
    private static final Pattern FOUR = Pattern.compile("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}");
    private static final Pattern NAMES = Pattern.compile(".*\\.(localhost|local|internal|lan|home\\.arpa)");

    private PrivateHost() {}

    public static boolean is(String written) {
        String host = written.toLowerCase(Locale.ROOT).replaceAll("^\\[|]$", "");
        if (host.indexOf(':') >= 0) return SIX.matcher(host).matches();
        if (!FOUR.matcher(host).matches()) return !isPublicName(host);
        int[] four =
                Arrays.stream(host.split("\\.")).mapToInt(Integer::parseInt).toArray();
        return Arrays.stream(four).anyMatch(n -> n > 255) || isPrivate(four[0], four[1], four[2]);
    }

    // Where the last label is a number, an address in another form may be read out of it: 0x7f.1, 127.1, 0177.0.0.1.
    private static boolean isPublicName(String host) {
        String[] labels = host.split("\\.", -1);
        String last = labels[labels.length - 1];
        return labels.length > 1
                && !last.isEmpty()
                && last.charAt(0) >= 'a'
                && last.charAt(0) <= 'z'
                && !NAMES.matcher(host).matches();
    }

    private static boolean isPrivate(int a, int b, int c) {
        return switch (a) {
            case 0, 10, 127 -> true;
            case 100 -> b >= 64 && b < 128;
            case 169 -> b == 254;
            case 172 -> b >= 16 && b < 32;
            case 192 -> b == 168 || (b == 0 && c == 0);
            case 198 -> b == 18 || b == 19;
            default -> a >= 224;
        };
    }
}
