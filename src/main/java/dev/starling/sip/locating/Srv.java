package dev.starling.sip.locating;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;

/// One place where a service is (RFC 2782).
///
/// @param priority lower ones are tried first
/// @param weight share among those of the same priority
/// @param target host name in lower case, without a dot at its end
public record Srv(int priority, int weight, int port, String target) {
    /// As they are to be tried, `most` at most: by priority, then at random by weight (RFC 2782, "Usage rules").
    public static List<Srv> inTurn(List<Srv> records, int most, RandomGenerator random) {
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
