package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import org.junit.jupiter.api.Test;

/// A copy of a call that came along another way: RFC 3261, section 8.2.2.2.
class SeenCallsTest {
    private static SipMessage invite(String callId, String tag, int cseq, String branch) throws SipException {
        return Edit.request("INVITE", "sip:bob@example.net")
                .add("Via", "SIP/2.0/WS x.invalid;branch=z9hG4bK" + branch)
                .add("Max-Forwards", "70")
                .add("From", "<sip:alice@example.net>;tag=" + tag)
                .add("To", "<sip:bob@example.net>")
                .add("Call-ID", callId)
                .add("CSeq", cseq + " INVITE")
                .build();
    }

    @Test
    void whateverItsBranchACopyIsNoCallOfItsOwn() throws Exception {
        var seen = new SeenCalls();
        assertTrue(seen.isFirst(invite("a", "1", 1, "x")));
        assertFalse(seen.isFirst(invite("a", "1", 1, "y")));
        assertTrue(seen.isFirst(invite("a", "2", 1, "y")));
        assertTrue(seen.isFirst(invite("a", "1", 2, "y")));
        assertTrue(seen.isFirst(invite("b", "1", 1, "y")));
    }

    @Test
    void thoseOfLongAgoAreForgotten() throws Exception {
        var seen = new SeenCalls();
        for (int i = 0; i <= 200; i++) assertTrue(seen.isFirst(invite("call-" + i, "1", 1, "x")));
        assertTrue(seen.isFirst(invite("call-0", "1", 1, "x")));
        assertFalse(seen.isFirst(invite("call-200", "1", 1, "x")));
    }
}
