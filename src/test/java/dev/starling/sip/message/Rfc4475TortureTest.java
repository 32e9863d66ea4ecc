package dev.starling.sip.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Each category of RFC 4475: what is odd but right is read, what is wrong is refused with its status and reason. The
/// same file is read by the client's tests.
class Rfc4475TortureTest {
    @TestFactory
    Stream<DynamicTest> everyTorturousMessageIsReadOrRefusedAsItMust() throws Exception {
        Map<String, Object> file = JSONObjectUtils.parse(Files.readString(Path.of("vectors/sip-torture.json")));
        return Stream.of(JSONObjectUtils.getJSONObjectArray(file, "cases"))
                .map(each -> DynamicTest.dynamicTest(String.valueOf(each.get("name")), () -> check(each)));
    }

    private static byte[] bytes(Map<String, Object> test) throws ParseException {
        if (test.get("raw") instanceof String raw) return raw.getBytes(StandardCharsets.ISO_8859_1);
        var text = new StringBuilder();
        for (Object line : JSONObjectUtils.getJSONArray(test, "lines"))
            text.append(line).append("\r\n");
        return (text + "\r\n" + test.get("body")).getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void check(Map<String, Object> test) throws SipException, ParseException {
        byte[] bytes = bytes(test);
        int status = JSONObjectUtils.getInt(test, "status");
        if (status != 0) {
            var refusal = assertThrows(SipException.class, () -> SipMessage.parse(bytes));
            assertEquals(status + " " + test.get("reason"), refusal.status() + " " + refusal.reason());
            return;
        }
        SipMessage message = SipMessage.parse(bytes);
        if (test.get("reads") instanceof Map<?, ?> reads)
            reads.forEach((name, value) -> assertEquals(value, message.required(String.valueOf(name))));
        if (test.get("uri") instanceof Number uri) {
            var refusal = assertThrows(SipException.class, () -> SipUri.parseRequestUri(message.uri()));
            assertEquals(uri.intValue(), refusal.status());
        }
        assertEquals(message.bodyLength(), message.edit().build().bodyLength());
    }
}
