package dev.starling.sdp;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `m=` and what follows it: RFC 8866, section 5.14.
///
/// @param port 0: refused, or no longer wanted (RFC 3264, sections 6 and 8.2)
/// @param protocol `RTP/AVP`, `UDP/TLS/RTP/SAVPF`…
/// @param formats payload types where the protocol is RTP
/// @param host of its own `c=`
public record MediaDescription(
        String kind, int port, String protocol, List<String> formats, Optional<Host> host, List<Attribute> attributes) {
    static final int MAX_FORMATS = 64;

    public MediaDescription {
        if (port < 0 || port > 0xFFFF || formats.isEmpty()) throw new IllegalArgumentException("not a media line");
        formats = List.copyOf(formats);
        attributes = List.copyOf(attributes);
    }

    static MediaDescription parse(Lines lines) throws SdpException {
        String[] parts = lines.take('m').strip().split(" +");
        if (parts.length < 4) throw new SdpException("m= has fewer than four parts");
        if (parts.length - 3 > MAX_FORMATS) throw new SdpException("too many formats");
        int slash = parts[1].indexOf('/');
        int port = Lines.number(slash < 0 ? parts[1] : parts[1].substring(0, slash), 0xFFFF, "port");
        Optional<Host> host = Optional.empty();
        lines.skip("i");
        while (lines.isAt('c')) host = Optional.of(Host.parse(lines.take('c')));
        lines.skip("bk");
        var attributes = new ArrayList<Attribute>();
        while (lines.isAt('a')) attributes.add(Attribute.parse(lines.take('a')));
        return new MediaDescription(
                parts[0], port, parts[2], List.of(parts).subList(3, parts.length), host, attributes);
    }

    public boolean has(String attribute) {
        return attribute(attribute).isPresent();
    }

    /// The first of this name.
    public Optional<String> attribute(String name) {
        return attributes.stream()
                .filter(each -> each.name().equals(name))
                .map(Attribute::value)
                .findFirst();
    }

    public List<String> all(String name) {
        return attributes.stream()
                .filter(each -> each.name().equals(name))
                .map(Attribute::value)
                .toList();
    }

    /// What the formats stand for, in their order; those that nobody says anything about are not there.
    public List<Codec> codecs() throws SdpException {
        var maps = new ArrayList<Codec>();
        for (String each : all("rtpmap")) maps.add(Codec.parse(each));
        var found = new ArrayList<Codec>();
        for (String format : formats) {
            int type = Lines.number(format, 127, "payload type");
            maps.stream()
                    .filter(each -> each.payloadType() == type)
                    .findFirst()
                    .or(() -> List.of(Codec.PCMU, Codec.PCMA, Codec.CN).stream()
                            .filter(each -> each.payloadType() == type)
                            .findFirst())
                    .ifPresent(found::add);
        }
        return List.copyOf(found);
    }

    /// The same line refused: RFC 3264, section 6.
    public MediaDescription refused() {
        return new MediaDescription(
                kind,
                0,
                protocol,
                formats.subList(0, 1),
                Optional.empty(),
                attribute("mid").map(mid -> List.of(new Attribute("mid", mid))).orElse(List.of()));
    }

    void write(StringBuilder out) {
        out.append("m=").append(kind).append(' ').append(port).append(' ').append(protocol);
        formats.forEach(format -> out.append(' ').append(format));
        out.append("\r\n");
        host.ifPresent(each -> out.append("c=").append(each).append("\r\n"));
        attributes.forEach(each -> out.append("a=").append(each).append("\r\n"));
    }
}
