package dev.starling.mail;

import java.io.IOException;
import java.util.Map;
import java.util.TreeSet;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;

/// A DNS server that says nothing of what was asked; and why, as far as it tells (RFC 8914). What it tells is for
/// people
/// alone: nobody signs it.
public final class NoAnswer extends IOException {
    private static final long serialVersionUID = 1;

    // RFC 8914, section 4, the codes with which a resolver refuses signatures. The last two say the least; out of its
    // cache unbound says no more than that.
    private static final int BOGUS = 6, INDETERMINATE = 5;
    private static final Map<Integer, String> SIGNATURES = Map.of(
            7,
            "its signatures have expired",
            8,
            "its signatures are not good yet",
            9,
            "the key of its signatures is missing",
            10,
            "its signatures are missing",
            11,
            "the key of its signatures is none for a zone",
            12,
            "nothing proves what it says is not there",
            BOGUS,
            "its signatures are wrong or missing",
            INDETERMINATE,
            "its signatures cannot be checked");

    private final String signatures;

    private NoAnswer(String words, String signatures) {
        super(words);
        this.signatures = signatures;
    }

    /// What is wrong with the signatures of the domain, in words; "" when the server does not say that they are why.
    public String signatures() {
        return signatures;
    }

    /// Refuses what is no answer.
    public static void check(Message answer, Name asked) throws NoAnswer {
        // With the bits that are in its OPT record (RFC 6891, section 6.1.3).
        int code = answer.getRcode();
        if (code != Rcode.NOERROR && code != Rcode.NXDOMAIN) {
            String why = signatures(answer);
            throw new NoAnswer(
                    "the DNS says " + Rcode.string(code) + " of " + asked + (why.isEmpty() ? "" : ": " + why), why);
        }
        // Whoever only points to others knows nothing of what is not there.
        if (!answer.getHeader().getFlag(Flags.RA) && !answer.getHeader().getFlag(Flags.AA))
            throw new NoAnswer("the DNS server does not look further for " + asked, "");
    }

    private static String signatures(Message answer) {
        if (answer.getOPT() == null) return "";
        var said = new TreeSet<Integer>();
        for (EDNSOption each : answer.getOPT().getOptions(EDNSOption.Code.EDNS_EXTENDED_ERROR))
            if (each instanceof ExtendedErrorCodeOption error && SIGNATURES.containsKey(error.getErrorCode()))
                said.add(error.getErrorCode());
        return said.isEmpty() ? "" : SIGNATURES.getOrDefault(said.last(), "");
    }
}
