package dev.starling.media;

/// UDP ports, both ends included.
public record PortRange(int first, int last) {
    public PortRange {
        if (first < 1 || last > 0xFFFF || last - first < 1) throw new IllegalArgumentException("not a range of ports");
    }

    /// `20000-29999`, as on a command line.
    public static PortRange parse(String text) {
        String[] ends = text.split("-");
        if (ends.length != 2) throw new IllegalArgumentException("not a range of ports: " + text);
        return new PortRange(Integer.parseInt(ends[0].strip()), Integer.parseInt(ends[1].strip()));
    }
}
