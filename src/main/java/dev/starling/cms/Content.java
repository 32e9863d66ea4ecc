package dev.starling.cms;

import dev.starling.identity.Address;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What a body says, one record for each type (docs/protocols/formats.md, section 9). Bytes are 32 long where
/// nothing else is said; limits are checked when a body is written and when it is read.
public sealed interface Content {
    /// At most 16 KiB of UTF-8.
    record Text(String text) implements Content {}

    /// `state`: 1 delivered, 2 read. 1 to 200 message ids of 16 bytes.
    record Receipt(List<byte[]> messages, int state) implements Content {
        public Receipt {
            messages = List.copyOf(messages);
        }
    }

    /// `name` has at most 64 characters, `text` at most 140; `token` is for the addressee to show.
    record Request(String name, String text, byte[] friendsKey, long version, byte[] token) implements Content {
        @Override
        public String toString() {
            return "Request[" + name + "]";
        }
    }

    record Accept(String name, byte[] friendsKey, long version, byte[] token) implements Content {
        @Override
        public String toString() {
            return "Accept[" + name + "]";
        }
    }

    record Decline() implements Content {}

    record Rotate(byte[] friendsKey, long version) implements Content {
        @Override
        public String toString() {
            return "Rotate[" + version + "]";
        }
    }

    /// `spki` has the 91 bytes of a P-256 key; `proof` shows that the new device holds the code of a listed one.
    record EndorseRequest(String name, byte[] spki, Optional<byte[]> proof) implements Content {}

    /// At most 500 contacts, and no more than fit into one message. `proof` shows that the granting device made the
    /// code.
    record EndorseGrant(
            byte[] ownKey,
            byte[] friendsKey,
            long version,
            List<Contact> contacts,
            OptionalLong ownVersion,
            Optional<byte[]> proof)
            implements Content {
        public EndorseGrant {
            contacts = List.copyOf(contacts);
        }

        @Override
        public String toString() {
            return "EndorseGrant[" + contacts.size() + " contacts]";
        }
    }

    /// A copy for one's own other devices of what was sent; `id` is the 16-byte message id, `sent` Unix ms.
    record SentCopy(Address to, byte[] id, String text, long sent) implements Content {}

    record EndorseRefusal() implements Content {}

    /// For one's own other devices; `upTo` is the time of the newest message read, Unix ms.
    record ReadMark(Address address, long upTo) implements Content {}

    /// The key that one's own devices share, and its version.
    record OwnKey(byte[] key, long version) implements Content {
        @Override
        public String toString() {
            return "OwnKey[" + version + "]";
        }
    }

    /// 1 to 500 things that one's own devices share.
    record Entries(List<Entry> entries) implements Content {
        public Entries {
            entries = List.copyOf(entries);
        }
    }

    /// What a device holds, for one's own other devices: the version of its own key and sixteen digests of eight
    /// bytes; `state` 1 asks for an answer, 2 is one.
    record Summary(long version, byte[] digests, int state) implements Content {}

    /// The sender has another address now; `statement` of at most 12,288 bytes is what the key of that address says of
    /// it.
    record Moved(byte[] statement) implements Content {
        @Override
        public String toString() {
            return "Moved[" + statement.length + " bytes]";
        }
    }

    /// `name` has at most 300 characters, `time` is Unix ms, `value` CBOR of at most 1024 bytes, empty when the thing
    /// was taken away.
    record Entry(String name, long time, byte[] value) {
        @Override
        public String toString() {
            return "Entry[" + time + "]";
        }
    }

    /// A contact as handed to a new device: the token they gave us, the token we gave them, their friends key.
    record Contact(Address address, String name, byte[] theirToken, byte[] ourToken, byte[] friendsKey, long version) {
        @Override
        public String toString() {
            return "Contact[" + address + "]";
        }
    }
}
