package dev.starling.sdp;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// The lines of a description, `type=value`: RFC 8866, section 5. They end with CRLF; a bare LF is taken too (section
/// 9).
final class Lines {
    static final int MAX_BYTES = 16 * 1024;
    static final int MAX_LINES = 500;

    record Line(char type, String value) {}

    private final List<Line> lines;
    private int next;

    private Lines(List<Line> lines) {
        this.lines = lines;
    }

    static Lines of(byte[] sdp) throws SdpException {
        if (sdp.length > MAX_BYTES) throw new SdpException("longer than " + MAX_BYTES + " bytes");
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(sdp))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new SdpException("not UTF-8");
        }
        var lines = new ArrayList<Line>();
        for (String each : text.split("\n")) {
            String line = each.endsWith("\r") ? each.substring(0, each.length() - 1) : each;
            if (line.isEmpty()) continue;
            if (lines.size() == MAX_LINES) throw new SdpException("more than " + MAX_LINES + " lines");
            if (line.length() < 2 || line.charAt(1) != '=' || !isOneLine(line))
                throw new SdpException("not a line of a description");
            lines.add(new Line(line.charAt(0), line.substring(2)));
        }
        return new Lines(lines);
    }

    static boolean isOneLine(String text) {
        return text.chars().allMatch(c -> c >= ' ' && c != 0x7F || c == '\t');
    }

    boolean isAt(char type) {
        return next < lines.size() && lines.get(next).type == type;
    }

    boolean isAtEnd() {
        return next == lines.size();
    }

    String take(char type) throws SdpException {
        if (!isAt(type)) throw new SdpException("no " + type + "= where it must be");
        return lines.get(next++).value;
    }

    /// Over lines of these types, which say nothing to us.
    void skip(String types) {
        while (next < lines.size() && types.indexOf(lines.get(next).type) >= 0) next++;
    }

    static int number(String text, int most, String what) throws SdpException {
        if (text.isEmpty() || text.length() > 9 || !text.chars().allMatch(c -> c >= '0' && c <= '9'))
            throw new SdpException("no number: " + what);
        int number = Integer.parseInt(text);
        if (number > most) throw new SdpException("too large: " + what);
        return number;
    }
}
