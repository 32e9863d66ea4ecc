package dev.starling.gate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;

/// The DNS, asked for the service records (RFC 2782) of a name.
public interface ServiceRecords {
    /// One place where a service is.
    ///
    /// @param priority lower ones are tried first
    /// @param weight share among those of the same priority
    /// @param target host name in lower case, without a dot at its end
    record Srv(int priority, int weight, int port, String target) {}

    /// Those of a name, in no order; empty when there are none, or the domain says that it has no such service.
    ///
    /// @throws IOException the DNS did not answer: nothing is known
    List<Srv> of(String name) throws IOException;

    /// As they are to be tried, `most` at most: by priority, then at random by weight (RFC 2782, "Usage rules").
    static List<Srv> inTurn(List<Srv> records, int most, RandomGenerator random) {
        var left = new ArrayList<>(records);
        // Of one priority those with weight 0 first, so that they have a small chance.
        left.sort(Comparator.comparingInt(Srv::priority).thenComparingInt(Srv::weight));
        var turn = new ArrayList<Srv>();
        while (!left.isEmpty() && turn.size() < most) {
            int priority = left.getFirst().priority();
            int sum = left.stream()
                    .filter(each -> each.priority() == priority)
                    .mapToInt(Srv::weight)
                    .sum();
            int at = 0;
            for (int more = random.nextInt(sum + 1) - left.getFirst().weight(); more > 0; )
                more -= left.get(++at).weight();
            turn.add(left.remove(at));
        }
        return turn;
    }
}
