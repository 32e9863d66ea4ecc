package dev.starling.mail;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/// Keys out of the DNS, by dnsjava: over UDP, and TCP where an answer is too long for that. Nothing is kept: a key that
/// its domain revoked must not live on here. So many aliases, records and bytes.
public final class DnsDkimKeys implements DkimKeys {
    private static final int MAX_ALIASES = 8, MAX_RECORDS = 8, MAX_BYTES = 4_096;

    private final NameServer.Asked server;

    /// @param server best one that checks DNSSEC
    /// @param patience for one question
    public DnsDkimKeys(NameServer server, Duration patience) throws IOException {
        this(server.open(patience));
    }

    DnsDkimKeys(NameServer.Asked server) {
        this.server = server;
    }

    @Override
    public Answer find(String selector, String domain) throws IOException {
        Name at;
        try {
            at = Name.concatenate(Name.fromString(selector + "._domainkey"), Name.fromString(domain, Name.root));
        } catch (TextParseException | NameTooLongException e) {
            // Nothing can be published there.
            return new Answer(List.of(), false);
        }
        boolean authentic = server.believed();
        for (int asked = 0; asked < MAX_ALIASES; asked++) {
            Message answer = ask(at);
            authentic &= answer.getHeader().getFlag(Flags.AD);
            Name end = followed(answer, at);
            List<String> found = records(answer, end);
            if (!found.isEmpty() || end.equals(at)) return new Answer(found, authentic);
            at = end;
        }
        throw new IOException("too many aliases for a DKIM key of " + domain);
    }

    private Message ask(Name name) throws IOException {
        Message question = Message.newQuery(Record.newRecord(name, Type.TXT, DClass.IN));
        // RFC 6840, section 5.7: that we care for the AD bit of the answer.
        question.getHeader().setFlag(Flags.AD);
        Message answer = server.resolver().send(question);
        NoAnswer.check(answer, name);
        return answer;
    }

    /// The end of the aliases that the answer tells (RFC 1034, section 4.3.2), in any order.
    private static Name followed(Message answer, Name asked) {
        Name at = asked;
        for (int aliases = 0; aliases < MAX_ALIASES; aliases++) {
            Name from = at;
            Optional<Name> next = answer.getSection(Section.ANSWER).stream()
                    .filter(each ->
                            each instanceof CNAMERecord && each.getName().equals(from))
                    .map(each -> ((CNAMERecord) each).getTarget())
                    .findFirst();
            if (next.isEmpty()) return at;
            at = next.get();
        }
        return at;
    }

    private static List<String> records(Message answer, Name at) throws IOException {
        var found = new ArrayList<String>();
        for (Record each : answer.getSection(Section.ANSWER))
            if (each instanceof TXTRecord txt && each.getName().equals(at)) {
                if (found.size() == MAX_RECORDS) throw new IOException("too many TXT records at " + at);
                found.add(joined(txt));
            }
        return found;
    }

    /// RFC 6376, section 3.6.2.2: the strings of a record are joined with nothing between.
    private static String joined(TXTRecord txt) throws IOException {
        var bytes = new ByteArrayOutputStream();
        for (byte[] part : txt.getStringsAsByteArrays()) bytes.writeBytes(part);
        if (bytes.size() > MAX_BYTES) throw new IOException("a TXT record is too long: " + txt.getName());
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }
}
