package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.starling.ca.validation.Caa.Objection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// CAA for mailboxes (RFC 9495), and what RFC 8659, section 4, says of the records themselves.
class Rfc9495Test {
    private static final String CA = "ca.example.net";

    static Record caa(int flags, String tag, String value) {
        String octets = (char) flags + "" + (char) tag.length() + tag + value;
        return record(octets.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static Record record(byte[] data) {
        try {
            return Record.newRecord(Name.fromString("example.net."), Type.CAA, DClass.IN, 60, data);
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static Record mail(String value) {
        return caa(0, "issuemail", value);
    }

    private static void says(Objection expected, Record... relevant) throws IOException {
        assertEquals(expected, Caa.objection(List.of(relevant), CA), () -> Arrays.toString(relevant));
    }

    // Section 4.
    @Test
    void whereNothingIsSaidOfMailEveryCaMayCertify() throws Exception {
        says(Objection.NONE);
        says(Objection.NONE, caa(0, "issue", "other.example"));
        says(Objection.NONE, caa(0, "issue", ";"), caa(0, "issuewild", ";"), caa(0, "iodef", "mailto:a@example.net"));
        says(Objection.NONE, caa(0, "unknown", "whatever"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                CA,
                "CA.Example.NET",
                "  ca.example.net\t",
                "ca.example.net;",
                "ca.example.net ; ",
                "ca.example.net; account=230123",
                "ca.example.net;a = b ; c=;d=!~",
                "ca.example.net; a=\"\\"
            })
    void theCaThatIsNamedMayCertify(String value) throws Exception {
        says(Objection.NONE, mail(value));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ";", " ", " ; ", ";a=b", "other.example", "example.net", "a.ca.example.net", "net"})
    void whoeverIsNotNamedMayNot(String value) throws Exception {
        says(Objection.OTHERS, mail(value));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ca.example.net.",
                "ca.example.net a=b",
                "ca.example.net; a",
                "ca.example.net; a=b c=d",
                "ca.example.net; a=b;",
                "ca.example.net;; a=b",
                "ca.example.net; -a=b",
                "ca.example.net; a=\u0000",
                "ca.example.net; a=\u00e9",
                "ca.example.net\u0000",
                "ca.example.net\n",
                ".ca.example.net",
                "ca..example.net",
                "\"ca.example.net\"",
                "https://ca.example.net/"
            })
    void whatCannotBeReadNamesNobody(String value) throws Exception {
        says(Objection.OTHERS, mail(value));
        says(Objection.NONE, mail(value), mail(CA));
    }

    @Test
    void anyOfSeveralRecordsSuffices() throws Exception {
        says(Objection.NONE, mail("other.example"), mail(CA), mail(";"));
        says(Objection.OTHERS, mail("other.example"), mail(";"));
        says(Objection.OTHERS, mail(";"), caa(0, "issue", CA));
    }

    @Test
    void theCaseOfATagDoesNotMatter() throws Exception {
        says(Objection.OTHERS, caa(0, "IssueMail", ";"));
        says(Objection.NONE, caa(128, "ISSUE", ";"));
    }

    // RFC 8659, section 4.1.
    @Test
    void whatIsCriticalAndUnknownForbids() throws Exception {
        says(Objection.CRITICAL, caa(128, "tbs", "Unknown"));
        says(Objection.CRITICAL, mail(CA), caa(128, "contactemail", "a@example.net"));
        says(Objection.CRITICAL, caa(255, "issuemail2", CA));
        says(Objection.NONE, caa(127, "tbs", "all bits but that one mean nothing"));
        says(Objection.NONE, caa(128, "issuemail", CA), caa(128, "issue", ";"), caa(128, "iodef", "x"));
    }

    @Test
    void valuesAsLongAsAMessageTakeNoTime() throws Exception {
        says(Objection.OTHERS, mail("a".repeat(60_000)));
        says(Objection.OTHERS, mail("ca.example.net; " + "a=b;".repeat(15_000)));
        says(Objection.OTHERS, mail("a" + "-".repeat(990)));
        says(Objection.NONE, mail("ca.example.net; a=" + "b".repeat(900)));
    }

    @Test
    void recordsThatAreCutShortAreNoAnswer() throws Exception {
        for (String octets : List.of("", "\0", "\0\0issuemail", "\0\11issue")) {
            // Of a type that the library does not look into: of CAA it would not take these.
            Record cut = Record.newRecord(
                    Name.fromString("example.net."),
                    65_280,
                    DClass.IN,
                    60,
                    octets.getBytes(StandardCharsets.ISO_8859_1));
            assertThrows(IOException.class, () -> Caa.objection(List.of(cut), CA));
        }
    }
}
