package dev.starling.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.cms.Content;
import dev.starling.identity.DeviceId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What is kept of devices that have not let this one in yet.
class EarlyEntriesTest {
    private static final DeviceId HONEST = device(1), LOUD = device(2);
    private final EarlyEntries early = new EarlyEntries();

    private static DeviceId device(int number) {
        return DeviceId.of(DeviceId.sha256(new byte[] {(byte) number}));
    }

    private static Content.Entry entry(String name, long time, int bytes) {
        return new Content.Entry(name, time, new byte[bytes]);
    }

    private static List<String> names(List<Content.Entry> entries) {
        return entries.stream().map(Content.Entry::name).toList();
    }

    @Test
    void allPiecesOfWhoLetsUsInAreTakenInAndThoseOfNobodyElse() {
        early.keep(HONEST, List.of(entry("a", 1, 1), entry("b", 1, 1)));
        early.keep(LOUD, List.of(entry("z", 1, 1)));
        early.keep(HONEST, List.of(entry("c", 1, 1)));
        assertEquals(List.of("a", "b", "c"), names(early.take(HONEST)));
        assertEquals(List.of(), early.take(LOUD));
    }

    @Test
    void ofTwoVersionsTheLaterStaysInWhateverOrderTheyCome() {
        early.keep(HONEST, List.of(entry("a", 2, 1), entry("a", 1, 1)));
        early.keep(HONEST, List.of(entry("a", 3, 1)));
        assertEquals(
                List.of(3L),
                early.take(HONEST).stream().map(Content.Entry::time).toList());
    }

    @Test
    void whoSaysTooMuchFillsItsOwnRoomAlone() {
        for (int i = 0; i < 10_000; i++) early.keep(LOUD, List.of(entry("loud " + i, 1, 1000)));
        early.keep(HONEST, List.of(entry("a", 1, 1)));
        assertEquals(List.of("a"), names(early.take(HONEST)));
        for (int i = 0; i < 10_000; i++) early.keep(LOUD, List.of(entry("loud " + i, 1, 1000)));
        var kept = early.take(LOUD);
        long bytes = kept.stream()
                .mapToLong(each -> each.name().length() + each.value().length)
                .sum();
        assertTrue(!kept.isEmpty() && bytes <= EarlyEntries.MAX_BYTES, bytes + " bytes");
    }

    @Test
    void theSameSaidOverAndOverTakesNoMoreRoom() {
        for (int i = 0; i < 10_000; i++) early.keep(HONEST, List.of(entry("a", i, 1000)));
        early.keep(HONEST, List.of(entry("b", 1, 1000)));
        assertEquals(List.of("a", "b"), names(early.take(HONEST)));
    }

    @Test
    void moreDevicesThanAListHoldsAreNotKept() {
        var all = new ArrayList<DeviceId>();
        for (int i = 0; i <= EarlyEntries.MAX_DEVICES; i++) all.add(device(10 + i));
        for (DeviceId each : all) early.keep(each, List.of(entry("a", 1, 1)));
        assertEquals(List.of(), early.take(all.getLast()));
        for (DeviceId each : all) early.keep(each, List.of(entry("a", 1, 1)));
        assertEquals(List.of("a"), names(early.take(all.getFirst())));
    }
}
