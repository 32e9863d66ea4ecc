package dev.starling.sdp;

/// `a=name` or `a=name:value`: RFC 8866, section 5.13. Without a value it is empty.
public record Attribute(String name, String value) {
    public Attribute {
        if (name.isEmpty() || !Lines.isOneLine(name) || name.indexOf(':') >= 0 || !Lines.isOneLine(value))
            throw new IllegalArgumentException("not an attribute");
    }

    public Attribute(String name) {
        this(name, "");
    }

    static Attribute parse(String text) throws SdpException {
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        if (name.isEmpty()) throw new SdpException("an attribute without a name");
        return new Attribute(name, colon < 0 ? "" : text.substring(colon + 1).strip());
    }

    @Override
    public String toString() {
        return value.isEmpty() ? name : name + ":" + value;
    }
}
