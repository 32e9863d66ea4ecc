// What a description says of where we are, and what of it somebody may learn who is no contact and has not answered yet.

/** RFC 8839, section 5.1, in the form that browsers write. */
const RELAYED =
  /^(candidate:\S+ 1 [Uu][Dd][Pp] \d+ \S+ \d+) typ relay raddr \S+ rport \d+((?: (?!raddr|rport|typ)\S+ \S+)*)$/;

/**
 * A candidate of a relay without what lies behind it (RFC 8839, section 5.1: raddr); '' for every other one. Relays are
 * our peers', which our record names.
 * @param {string} candidate  without `a=`
 */
export function relayOnly(candidate) {
  const [, place, more] = RELAYED.exec(candidate) ?? [];
  return place ? `${place} typ relay raddr 0.0.0.0 rport 9${more}` : '';
}

/**
 * Says nothing of where we are: it shows by the checks that we send after the answer. Host and port are those of an
 * offer that has no candidate yet.
 * @param {string} sdp
 */
export const withoutPlaces = (sdp) =>
  sdp
    .replace(/^a=((?:candidate|end-of-candidates|remote-candidates|rtcp:).*?)\r?\n/gm, (_, attribute) => {
      const relay = relayOnly(attribute);
      return relay && `a=${relay}\r\n`;
    })
    .replace(/^c=IN IP[46] \S+/gm, 'c=IN IP4 0.0.0.0')
    .replace(/^(o=(?:\S+ ){3})IN IP[46] \S+/gm, '$1IN IP4 127.0.0.1')
    .replace(/^m=audio \d+/gm, 'm=audio 9');
