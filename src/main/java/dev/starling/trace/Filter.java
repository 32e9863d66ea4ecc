package dev.starling.trace;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// Which messages the operator asked for; empty lists ask for all.
///
/// @param calls Call-IDs, or how they begin
/// @param addresses `user@host`, in From, To or the Request-URI
/// @param methods those of CSeq, so that responses are with their requests
public record Filter(List<String> calls, List<String> addresses, List<String> methods) {
    public Filter {
        calls = List.copyOf(calls);
        addresses = addresses.stream().map(Filter::lower).toList();
        methods = List.copyOf(methods);
    }

    boolean isEverything() {
        return calls.isEmpty() && addresses.isEmpty() && methods.isEmpty();
    }

    boolean wants(SipMessage message) {
        return any(calls, each -> message.callId().startsWith(each))
                && any(methods, each -> message.cseqMethod().equalsIgnoreCase(each))
                && any(addresses, each -> isOf(message, each));
    }

    private static boolean any(List<String> wanted, Predicate<String> is) {
        return wanted.isEmpty() || wanted.stream().anyMatch(is);
    }

    private static boolean isOf(SipMessage message, String address) {
        try {
            String target = message.isRequest() ? message.uri() : "";
            return Stream.of(message.from().uri(), message.to().uri(), target)
                    .flatMap(uri -> Parties.address(uri).stream())
                    .anyMatch(each -> lower(each).equals(address));
        } catch (SipException e) {
            return false;
        }
    }

    private static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }
}
