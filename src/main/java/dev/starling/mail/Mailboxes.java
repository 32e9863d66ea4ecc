package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import java.util.ArrayList;
import java.util.List;

/// The addresses in From, Sender and To (RFC 5322, section 3.4), strictly: a display name of atoms, encoded words and
/// quoted strings may stand before an address in angle brackets and means nothing. Comments, routes, groups, quoted
/// local parts, domain literals and everything obsolete are refused.
public final class Mailboxes {
    private static final int MOST = 20;
    private static final String SPECIALS = "()<>[]:;@\\,\"";

    private Mailboxes() {}

    /// The one mailbox of a From field.
    public static Address one(String value) throws MailRefused {
        var all = all(value);
        unless(all.size() == 1, Reason.FROM_SEVERAL);
        return all.getFirst();
    }

    public static List<Address> all(String value) throws MailRefused {
        var found = new ArrayList<Address>();
        for (String each : split(value)) {
            unless(found.size() < MOST, Reason.FROM_SYNTAX);
            found.add(mailbox(each.strip()));
        }
        return found;
    }

    /// At the commas outside of quoted strings.
    private static List<String> split(String value) throws MailRefused {
        var parts = new ArrayList<String>();
        var part = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (quoted && c == '\\' && i + 1 < value.length()) part.append(c).append(value.charAt(++i));
            else if (c == ',' && !quoted) {
                parts.add(part.toString());
                part.setLength(0);
            } else {
                unless(quoted || (c != ':' && c != ';'), Reason.FROM_GROUP);
                if (c == '"') quoted = !quoted;
                part.append(c);
            }
        }
        unless(!quoted, Reason.FROM_SYNTAX);
        parts.add(part.toString());
        return parts;
    }

    private static Address mailbox(String text) throws MailRefused {
        String address = text;
        if (text.endsWith(">")) {
            int open = text.lastIndexOf('<');
            unless(open >= 0, Reason.FROM_SYNTAX);
            displayName(text.substring(0, open));
            address = text.substring(open + 1, text.length() - 1);
        }
        unless(address.chars().allMatch(c -> c > ' ' && c < 0x7f), Reason.FROM_SYNTAX);
        try {
            Address parsed = Address.parse(address);
            unless(!parsed.isPhone(), Reason.FROM_SYNTAX);
            return parsed;
        } catch (IdentityException e) {
            throw new MailRefused(Reason.FROM_SYNTAX);
        }
    }

    private static void displayName(String name) throws MailRefused {
        boolean quoted = false;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (quoted && c == '\\') i++;
            else if (c == '"') quoted = !quoted;
            else unless(quoted || SPECIALS.indexOf(c) < 0, Reason.FROM_SYNTAX);
        }
        unless(!quoted, Reason.FROM_SYNTAX);
    }
}
