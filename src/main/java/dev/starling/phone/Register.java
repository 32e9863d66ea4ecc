package dev.starling.phone;

import dev.starling.sip.message.NameAddr;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.message.Tokens;
import java.util.ArrayList;
import java.util.List;

/// What a REGISTER asks for (RFC 3261, section 10.3): a value, checked.
///
/// @param everything `Contact: *`: all bindings are to go
/// @param contacts none: it only asks what there is
record Register(boolean everything, List<Contact> contacts) {
    static final int MIN_SECONDS = 60, MAX_SECONDS = 3_600;
    private static final int MAX_URI = 512, MAX_INSTANCE = 160;

    /// @param seconds from [#MIN_SECONDS] to [#MAX_SECONDS]; 0: it is to go
    /// @param instance the header parameters that name the device (RFC 5626, section 4.1), as written; or ""
    record Contact(String text, SipUri uri, long seconds, String instance) {
        boolean names(Binding binding) {
            if (!instance.isEmpty() && instance.equals(binding.instance()) || text.equals(binding.contact()))
                return true;
            try {
                return SipUri.parse(binding.contact()).isEquivalent(uri);
            } catch (SipException e) {
                return false;
            }
        }
    }

    Register {
        contacts = List.copyOf(contacts);
    }

    static Register parse(SipMessage request, int most) throws SipException {
        long header = request.number("expires", MAX_SECONDS);
        List<String> elements = request.elements("contact");
        if (elements.contains("*")) {
            // Section 10.2.2: alone, and with an Expires of zero.
            if (elements.size() != 1 || header != 0) throw new SipException(400, "Bad contact");
            return new Register(true, List.of());
        }
        if (elements.size() > most) throw new SipException(403, "Too many contacts");
        var contacts = new ArrayList<Contact>();
        for (String element : elements) contacts.add(contact(NameAddr.parse(element), header));
        return new Register(false, contacts);
    }

    private static Contact contact(NameAddr address, long header) throws SipException {
        if (address.uri().length() > MAX_URI) throw new SipException(400, "Bad contact (length)");
        SipUri uri = SipUri.parse(address.uri());
        long wanted = address.parameter("expires")
                .map(value -> Tokens.number(value, 10))
                // Section 10.2.1.1: what is no number counts as an hour.
                .map(seconds -> seconds < 0 ? MAX_SECONDS : seconds)
                .orElse(header);
        if (wanted > 0 && wanted < MIN_SECONDS)
            throw new SipException(
                    423, "Interval Too Brief", new SipException.Header("Min-Expires", String.valueOf(MIN_SECONDS)));
        return new Contact(address.uri(), uri, Math.min(wanted, MAX_SECONDS), instance(address));
    }

    private static String instance(NameAddr address) {
        String instance = address.parameter("+sip.instance").orElse("");
        if (instance.isEmpty() || instance.length() > MAX_INSTANCE || !isPrintable(instance)) return "";
        long flow = address.parameter("reg-id").map(id -> Tokens.number(id, 5)).orElse(-1L);
        return "+sip.instance=" + Tokens.quote(instance) + (flow > 0 ? ";reg-id=" + flow : "");
    }

    private static boolean isPrintable(String text) {
        for (int i = 0; i < text.length(); i++) if (text.charAt(i) < ' ' || text.charAt(i) > '~') return false;
        return true;
    }
}
