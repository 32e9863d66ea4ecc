package dev.starling.cms;

import dev.starling.identity.IdentityException;
import dev.starling.identity.der.Der;
import java.util.Arrays;
import java.util.List;

/// Shapes that both layers share.
final class Shape {
    private Shape() {}

    static Der only(Der constructed) throws IdentityException {
        List<Der> items = constructed.items();
        if (items.size() != 1) throw new IdentityException("malformed", items.size() + " items in place of one");
        return items.getFirst();
    }

    /// The OID of an AlgorithmIdentifier whose parameters say nothing.
    static String algorithm(Der identifier) throws IdentityException {
        return identifier.sequence(1, 2).getFirst().oid();
    }

    /// The items of a SET OF under an implicit tag, which must be in DER's order.
    static List<Der> sorted(Der set) throws IdentityException {
        List<Der> items = set.items();
        for (int i = 1; i < items.size(); i++)
            if (Arrays.compareUnsigned(items.get(i - 1).bytes(), items.get(i).bytes()) > 0)
                throw new IdentityException("malformed", "set order");
        return items;
    }
}
