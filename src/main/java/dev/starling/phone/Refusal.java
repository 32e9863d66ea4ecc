package dev.starling.phone;

import dev.starling.sip.message.SipException;
import java.util.ArrayList;

/// How a phone hears that somebody else refused. Phones take 401, 403 and 407 for a word about their own password, and
/// ask their user for another one: that they only hear from us, about just that. The reason goes along, also as a
/// Warning (RFC 3261, section 20.43), which some show.
final class Refusal {
    private Refusal() {}

    /// 603 for 403: it shall not be tried again (RFC 3261, sections 21.4.4 and 21.6.2). 480 for what asks for a
    /// password of somebody else's server.
    static SipException heard(SipException why) {
        int status = switch (why.status()) {
            case 403 -> 603;
            case 401, 407 -> 480;
            default -> why.status();
        };
        if (status == why.status()) return why;
        var headers = new ArrayList<SipException.Header>();
        for (var each : why.headers()) if (!each.name().endsWith("-Authenticate")) headers.add(each);
        headers.add(new SipException.Header("Warning", warning(why.reason())));
        return new SipException(status, why.reason(), headers.toArray(SipException.Header[]::new));
    }

    // 399: words for people.
    private static String warning(String reason) {
        return "399 starling \"" + reason.replaceAll("[\"\\\\]", "'") + "\"";
    }
}
