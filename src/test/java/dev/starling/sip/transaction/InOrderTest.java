package dev.starling.sip.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class InOrderTest {
    private static final int PATIENCE_SECONDS = 20;

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatIsOfOneFlowIsDoneInOrderAndAllIsDone() {
        var inOrder = new InOrder(10_000, 100_000);
        int flows = 40, tasks = 500;
        var done = new CountDownLatch(flows * tasks);
        var seen = new ArrayList<List<Integer>>();
        for (int i = 0; i < flows; i++) seen.add(Collections.synchronizedList(new ArrayList<>()));
        for (int task = 0; task < tasks; task++)
            for (int flow = 0; flow < flows; flow++) {
                int number = task;
                var mine = seen.get(flow);
                assertTrue(inOrder.run("flow" + flow, () -> {
                    mine.add(number);
                    done.countDown();
                }));
            }
        await(done);
        for (var each : seen) for (int i = 0; i < tasks; i++) assertEquals(i, each.get(i));
    }

    @Test
    void whoWaitsHoldsNobodyUp() {
        var inOrder = new InOrder(10, 1_000);
        var all = new CountDownLatch(1);
        var others = new CountDownLatch(50);
        for (int i = 0; i < 50; i++) assertTrue(inOrder.run("waits" + i, () -> await(all)));
        for (int i = 0; i < 50; i++) assertTrue(inOrder.run("other" + i, others::countDown));
        await(others);
        all.countDown();
    }

    @Test
    void aFlowAndAllOfThemHaveTheirBound() {
        var inOrder = new InOrder(3, 5);
        var go = new CountDownLatch(1);
        for (int i = 0; i < 3; i++) assertTrue(inOrder.run("a", () -> await(go)));
        assertFalse(inOrder.run("a", () -> {}), "of one flow");
        for (int i = 0; i < 2; i++) assertTrue(inOrder.run("b", () -> await(go)));
        assertFalse(inOrder.run("c", () -> {}), "of all");
        var last = new CountDownLatch(2);
        go.countDown();
        // What is done makes room.
        while (!inOrder.run("a", last::countDown)) Thread.onSpinWait();
        while (!inOrder.run("c", last::countDown)) Thread.onSpinWait();
        await(last);
    }

    @Test
    void aTaskThatFailsIsNotTheEnd() {
        var inOrder = new InOrder(10, 10);
        var done = new CountDownLatch(1);
        assertTrue(inOrder.run("a", () -> {
            throw new IllegalStateException("wanted by the test");
        }));
        assertTrue(inOrder.run("a", done::countDown));
        await(done);
    }

    @Test
    void whatIsGatheredBeginsTogether() throws InterruptedException {
        var inOrder = new InOrder(10, 10);
        var done = new CountDownLatch(2);
        inOrder.gather();
        for (String flow : List.of("a", "b")) assertTrue(inOrder.run(flow, done::countDown));
        assertFalse(done.await(50, TimeUnit.MILLISECONDS));
        assertEquals(2, done.getCount());
        inOrder.begin();
        await(done);
        var next = new CountDownLatch(1);
        assertTrue(inOrder.run("a", next::countDown), "what comes alone begins at once");
        await(next);
    }
}
