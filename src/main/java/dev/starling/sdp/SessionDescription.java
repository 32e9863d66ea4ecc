package dev.starling.sdp;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A session description: RFC 8866, section 5. Read whole or refused; lines that say nothing to us (`i=`, `u=`, `b=`,
/// `t=`…) are passed over and not kept.
///
/// @param host of `c=` before the first `m=`
public record SessionDescription(
        Origin origin, Optional<Host> host, List<Attribute> attributes, List<MediaDescription> media) {
    public static final int MAX_MEDIA = 16;

    public SessionDescription {
        attributes = List.copyOf(attributes);
        media = List.copyOf(media);
    }

    /// At most 16 KiB, 500 lines and 16 media.
    public static SessionDescription parse(byte[] sdp) throws SdpException {
        Lines lines = Lines.of(sdp);
        if (!lines.take('v').strip().equals("0")) throw new SdpException("not version 0");
        Origin origin = Origin.parse(lines.take('o'));
        lines.skip("siuep");
        Optional<Host> host = lines.isAt('c') ? Optional.of(Host.parse(lines.take('c'))) : Optional.empty();
        lines.skip("btrzk");
        var attributes = new ArrayList<Attribute>();
        while (lines.isAt('a')) attributes.add(Attribute.parse(lines.take('a')));
        var media = new ArrayList<MediaDescription>();
        while (lines.isAt('m')) {
            if (media.size() == MAX_MEDIA) throw new SdpException("more than " + MAX_MEDIA + " media");
            media.add(MediaDescription.parse(lines));
        }
        if (!lines.isAtEnd()) throw new SdpException("a line where it must not be");
        return new SessionDescription(origin, host, attributes, media);
    }

    public byte[] bytes() {
        return toString().getBytes(StandardCharsets.UTF_8);
    }

    /// Of the medium itself, or of the session: RFC 8866, section 5.13, for those that may stand at both levels.
    public Optional<String> attribute(MediaDescription of, String name) {
        return of.attribute(name)
                .or(() -> attributes.stream()
                        .filter(each -> each.name().equals(name))
                        .map(Attribute::value)
                        .findFirst());
    }

    public Optional<Host> hostOf(MediaDescription of) {
        return of.host().or(() -> host);
    }

    public Direction direction(MediaDescription of) {
        return Direction.in(of.attributes(), Direction.in(attributes, Direction.SENDRECV));
    }

    @Override
    public String toString() {
        var out = new StringBuilder("v=0\r\no=").append(origin).append("\r\ns=-\r\n");
        host.ifPresent(each -> out.append("c=").append(each).append("\r\n"));
        out.append("t=0 0\r\n");
        attributes.forEach(each -> out.append("a=").append(each).append("\r\n"));
        media.forEach(each -> each.write(out));
        return out.toString();
    }
}
