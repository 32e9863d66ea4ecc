package dev.starling.cms;

import dev.starling.identity.IdentityException;
import dev.starling.identity.cbor.CborMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// The fifteen contents as CBOR maps, written and read.
final class Contents {
    private static final int MAX_TEXT_BYTES = 16 * 1024, MAX_NAME = 64, MAX_HELLO = 140;
    private static final int MAX_IDS = 200, MAX_CONTACTS = 500;
    private static final int MAX_ENTRIES = 500, MAX_ENTRY_NAME = 300, MAX_ENTRY_BYTES = 1024;
    private static final int KEY_BYTES = 32, SPKI_BYTES = 91, DIGESTS_BYTES = 128, MAX_STATEMENT_BYTES = 12_288;

    private Contents() {}

    static CborMap write(Content content) {
        var map = new CborMap();
        return switch (content) {
            case Content.Text c -> map.with(1, c.text());
            case Content.Receipt c -> map.with(1, c.messages()).with(2, c.state());
            case Content.Request c ->
                map.with(1, c.name())
                        .with(2, c.text())
                        .with(3, c.friendsKey())
                        .with(4, c.version())
                        .with(5, c.token());
            case Content.Accept c ->
                map.with(1, c.name())
                        .with(3, c.friendsKey())
                        .with(4, c.version())
                        .with(5, c.token());
            case Content.Rotate c -> map.with(3, c.friendsKey()).with(4, c.version());
            case Content.EndorseRequest c -> {
                map.with(1, c.name()).with(2, c.spki());
                yield c.proof().map(proof -> map.with(3, proof)).orElse(map);
            }
            case Content.EndorseGrant c -> {
                map.with(1, c.ownKey())
                        .with(2, c.friendsKey())
                        .with(3, c.version())
                        .with(4, c.contacts().stream().map(Contents::write).toList());
                if (c.ownVersion().isPresent()) map.with(5, c.ownVersion().getAsLong());
                yield c.proof().map(proof -> map.with(6, proof)).orElse(map);
            }
            case Content.SentCopy c ->
                map.with(1, c.to().text()).with(2, c.id()).with(3, c.text()).with(4, c.sent());
            case Content.ReadMark c -> map.with(1, c.address().text()).with(2, c.upTo());
            case Content.OwnKey c -> map.with(1, c.key()).with(2, c.version());
            case Content.Entries c ->
                map.with(1, c.entries().stream().map(Contents::write).toList());
            case Content.Summary c ->
                map.with(1, c.version()).with(2, c.digests()).with(3, c.state());
            case Content.Moved c -> map.with(1, c.statement());
            case Content.Decline _, Content.EndorseRefusal _ -> map;
        };
    }

    private static CborMap write(Content.Entry entry) {
        return new CborMap().with(1, entry.name()).with(2, entry.time()).with(3, entry.value());
    }

    private static CborMap write(Content.Contact contact) {
        return new CborMap()
                .with(1, contact.address().text())
                .with(2, contact.name())
                .with(3, contact.theirToken())
                .with(4, contact.ourToken())
                .with(5, contact.friendsKey())
                .with(6, contact.version());
    }

    static Content read(Body.Type type, CborMap map) throws IdentityException {
        return switch (type) {
            case TEXT -> new Content.Text(Limits.utf8(map, 1, MAX_TEXT_BYTES));
            case RECEIPT -> new Content.Receipt(ids(map), (int) Limits.number(map, 2, 1, 2));
            case REQUEST ->
                new Content.Request(
                        name(map), Limits.text(map, 2, MAX_HELLO), key(map, 3), version(map, 4), key(map, 5));
            case ACCEPT -> new Content.Accept(name(map), key(map, 3), version(map, 4), key(map, 5));
            case DECLINE -> new Content.Decline();
            case ROTATE -> new Content.Rotate(key(map, 3), version(map, 4));
            case ENDORSE_REQUEST ->
                new Content.EndorseRequest(name(map), Limits.bytes(map, 2, SPKI_BYTES), perhaps(map, 3));
            case ENDORSE_GRANT ->
                new Content.EndorseGrant(
                        key(map, 1),
                        key(map, 2),
                        version(map, 3),
                        contacts(map),
                        map.has(5) ? OptionalLong.of(version(map, 5)) : OptionalLong.empty(),
                        perhaps(map, 6));
            case SENT_COPY ->
                new Content.SentCopy(
                        Limits.address(map, 1),
                        Limits.bytes(map, 2, Body.ID_BYTES),
                        Limits.utf8(map, 3, MAX_TEXT_BYTES),
                        Limits.number(map, 4, 0, Body.MAX_TIME));
            case ENDORSE_REFUSAL -> new Content.EndorseRefusal();
            case READ_MARK -> new Content.ReadMark(Limits.address(map, 1), Limits.number(map, 2, 0, Body.MAX_TIME));
            case OWN_KEY -> new Content.OwnKey(key(map, 1), version(map, 2));
            case ENTRIES -> new Content.Entries(entries(map));
            case SUMMARY ->
                new Content.Summary(
                        version(map, 1), Limits.bytes(map, 2, DIGESTS_BYTES), (int) Limits.number(map, 3, 1, 2));
            case MOVED -> new Content.Moved(Limits.upTo(map, 1, MAX_STATEMENT_BYTES));
        };
    }

    private static String name(CborMap map) throws IdentityException {
        return Limits.text(map, 1, MAX_NAME);
    }

    private static Optional<byte[]> perhaps(CborMap map, long key) throws IdentityException {
        return map.has(key) ? Optional.of(key(map, key)) : Optional.empty();
    }

    private static List<Content.Entry> entries(CborMap map) throws IdentityException {
        var entries = new ArrayList<Content.Entry>();
        for (Object each : Limits.list(map, 1, 1, MAX_ENTRIES)) {
            CborMap entry = CborMap.map(each);
            entries.add(new Content.Entry(
                    Limits.text(entry, 1, MAX_ENTRY_NAME), version(entry, 2), Limits.upTo(entry, 3, MAX_ENTRY_BYTES)));
        }
        return entries;
    }

    private static byte[] key(CborMap map, long key) throws IdentityException {
        return Limits.bytes(map, key, KEY_BYTES);
    }

    private static long version(CborMap map, long key) throws IdentityException {
        return Limits.number(map, key, 0, Body.MAX_TIME);
    }

    private static List<byte[]> ids(CborMap map) throws IdentityException {
        var ids = new ArrayList<byte[]>();
        for (Object id : Limits.list(map, 1, 1, MAX_IDS)) ids.add(Limits.bytes(id, Body.ID_BYTES));
        return ids;
    }

    private static List<Content.Contact> contacts(CborMap map) throws IdentityException {
        var contacts = new ArrayList<Content.Contact>();
        for (Object each : Limits.list(map, 4, 0, MAX_CONTACTS)) {
            CborMap contact = CborMap.map(each);
            contacts.add(new Content.Contact(
                    Limits.address(contact, 1),
                    Limits.text(contact, 2, MAX_NAME),
                    key(contact, 3),
                    key(contact, 4),
                    key(contact, 5),
                    version(contact, 6)));
        }
        return contacts;
    }
}
