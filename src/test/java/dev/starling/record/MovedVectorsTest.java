package dev.starling.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.starling.Vectors;
import dev.starling.identity.Address;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A change of address: the same bytes and verdicts as in the JavaScript.
@org.jspecify.annotations.NullUnmarked
class MovedVectorsTest {
    @Test
    void aStatementIsBelievedOrRefusedForItsOwnReason() throws Exception {
        var v = Vectors.read("moved");
        var between = new Moved.Between(new Address(Vectors.text(v, "from")), new Address(Vectors.text(v, "to")));
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            String verdict = Vectors.verdict(() -> {
                var moved = Moved.open(
                        Vectors.base64(c.get("statement")),
                        between,
                        Vectors.text(v, "network"),
                        Vectors.verifier(v),
                        Vectors.clock(v).instant());
                assertEquals(v.get("address"), moved.now().text());
                assertFalse(moved.toString().contains("token"), "nothing secret is shown");
            });
            assertEquals(c.get("verdict"), verdict, Vectors.text(c, "what"));
        }
    }
}
