package dev.starling.media;

import dev.starling.media.MediaException.Reason;
import dev.starling.sdp.Attribute;
import dev.starling.sdp.Codec;
import dev.starling.sdp.Direction;
import dev.starling.sdp.MediaDescription;
import dev.starling.sdp.SdpException;
import dev.starling.sdp.SessionDescription;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// What a description says about sound, as far as it can be carried over.
///
/// @param index of the line among the others
/// @param codecs those that we carry, in the order of the description
record Sound(SessionDescription whole, int index, MediaDescription line, List<Codec> codecs, Direction direction) {
    private static final String EVENT = "telephone-event";
    private static final int CLOCK = 8000;

    Sound {
        codecs = List.copyOf(codecs);
    }

    /// The first line of sound that is not refused and whose protocol is one of ours.
    static Sound of(byte[] sdp, Predicate<String> isProtocol) throws MediaException {
        try {
            var whole = SessionDescription.parse(sdp);
            for (int i = 0; i < whole.media().size(); i++) {
                var line = whole.media().get(i);
                if (!line.kind().equals("audio") || line.port() == 0 || !isProtocol.test(line.protocol())) continue;
                List<Codec> codecs =
                        line.codecs().stream().filter(Sound::isCarried).toList();
                return new Sound(whole, i, line, codecs, whole.direction(line));
            }
        } catch (SdpException e) {
            throw new MediaException(Reason.MALFORMED, e);
        }
        throw new MediaException(Reason.NOT_ACCEPTABLE, "no sound in a form that is carried here");
    }

    Sound withDirection(Direction other) {
        return new Sound(whole, index, line, codecs, other);
    }

    Optional<String> attribute(String name) {
        return whole.attribute(line, name);
    }

    /// Everything at one clock rate, so that time needs no conversion. RFC 4733 for events, RFC 3389 for silence.
    private static boolean isCarried(Codec codec) {
        return isSpeech(codec) || codec.is(EVENT, CLOCK) || codec.is("CN", CLOCK);
    }

    private static boolean isSpeech(Codec codec) {
        return codec.is("PCMU", CLOCK) || codec.is("PCMA", CLOCK);
    }

    static Optional<Codec> like(List<Codec> codecs, Codec wanted) {
        return codecs.stream().filter(each -> each.isLike(wanted)).findFirst();
    }

    /// Those of `codecs` that `others` have too, by the numbers and in the order of the first; one of them for speech.
    static List<Codec> common(List<Codec> codecs, List<Codec> others) throws MediaException {
        List<Codec> both =
                codecs.stream().filter(each -> like(others, each).isPresent()).toList();
        if (both.stream().noneMatch(Sound::isSpeech))
            throw new MediaException(Reason.NO_COMMON_CODEC, "neither PCMU nor PCMA on both sides");
        return both;
    }

    /// `codecs` by the numbers that they have in `known` already: RFC 3264, section 8.3.2.
    static List<Codec> renumbered(List<Codec> codecs, List<Codec> known) {
        return codecs.stream().map(each -> like(known, each).orElse(each)).toList();
    }

    /// The lines about codecs and direction. ptime: as the source of the sound said, in milliseconds
    static List<Attribute> attributes(List<Codec> codecs, Direction direction, Optional<String> ptime) {
        var all = new ArrayList<Attribute>();
        for (Codec codec : codecs) {
            all.add(codec.rtpmap());
            if (codec.is(EVENT, CLOCK)) all.add(new Attribute("fmtp", codec.payloadType() + " 0-16"));
        }
        all.add(new Attribute(
                "ptime", ptime.filter(text -> text.matches("[1-9][0-9]{0,2}")).orElse("20")));
        all.add(direction.attribute());
        return all;
    }

    static List<String> formats(List<Codec> codecs) {
        return codecs.stream().map(each -> String.valueOf(each.payloadType())).toList();
    }
}
