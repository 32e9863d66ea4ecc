package dev.starling.identity;

/// How letters beyond ASCII are written in an A-label: RFC 3492, section 6.3.
final class Punycode {
    private static final int BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, FIRST = 128, BIAS = 72;

    private Punycode() {}

    /// One label of at most 63 code points, without the `xn--`.
    static String encode(String label) {
        int[] input = label.codePoints().toArray();
        var out = new StringBuilder();
        for (int c : input) if (c < FIRST) out.append((char) c);
        int basic = out.length();
        if (basic > 0) out.append('-');
        int n = FIRST, delta = 0, bias = BIAS;
        for (int done = basic; done < input.length; ) {
            int next = Integer.MAX_VALUE;
            for (int c : input) if (c >= n && c < next) next = c;
            delta += (next - n) * (done + 1);
            n = next;
            for (int c : input) {
                if (c < n) delta++;
                if (c != n) continue;
                number(out, delta, bias);
                bias = adapt(delta, ++done, done == basic + 1);
                delta = 0;
            }
            delta++;
            n++;
        }
        return out.toString();
    }

    private static void number(StringBuilder out, int delta, int bias) {
        int q = delta;
        for (int k = BASE; ; k += BASE) {
            int t = Math.clamp(k - bias, T_MIN, T_MAX);
            if (q < t) break;
            out.append(digit(t + (q - t) % (BASE - t)));
            q = (q - t) / (BASE - t);
        }
        out.append(digit(q));
    }

    private static int adapt(int delta, int points, boolean first) {
        int d = first ? delta / DAMP : delta / 2;
        d += d / points;
        int k = 0;
        for (; d > (BASE - T_MIN) * T_MAX / 2; k += BASE) d /= BASE - T_MIN;
        return k + (BASE - T_MIN + 1) * d / (d + SKEW);
    }

    private static char digit(int d) {
        return (char) (d < 26 ? 'a' + d : '0' + d - 26);
    }
}
