package dev.starling.agent;

import dev.starling.cms.Content;
import dev.starling.dht.DhtException;
import dev.starling.identity.DeviceId;
import dev.starling.locate.LocationService;
import dev.starling.record.DeviceChain;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Takes in what the devices of a person share, by message and from the store (docs/protocols/formats.md, sections 10
/// and 11).
final class Sharing {
    private static final System.Logger LOG = System.getLogger("starling.agent");

    private final Profile us;
    private final LocationService location;
    private final Membership membership;
    private final OwnEntries entries;
    private final Runnable changed, anew;
    private final EarlyEntries early = new EarlyEntries();

    /// @param changed runs when something of it is new
    /// @param anew runs when this device must look at its lists, or publish where it is, at once
    Sharing(
            Profile us,
            LocationService location,
            Membership membership,
            OwnEntries entries,
            Runnable changed,
            Runnable anew) {
        this.us = us;
        this.location = location;
        this.membership = membership;
        this.entries = entries;
        this.changed = changed;
        this.anew = anew;
    }

    /// Reads what the other devices left in the DHT; false when that is nothing yet.
    boolean read(DeviceChain list) throws DhtException, IOException {
        var offered = OwnPacks.read(location, us.address(), membership.ownKey(), list::lists);
        merge(offered);
        return !offered.isEmpty();
    }

    private void merge(List<Content.Entry> offered) throws IOException {
        if (!entries.merge(offered)) return;
        var before = membership.friendsKey();
        entries.friends((key, version) -> {
            try {
                membership.friends(key, version);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.WARNING, "a friends key is not kept", e);
            }
        });
        changed.run();
        // Contacts look under the new key from now on.
        if (!same(before, membership.friendsKey())) anew.run();
    }

    static boolean same(Optional<byte[]> a, Optional<byte[]> b) {
        return Arrays.equals(a.orElse(new byte[0]), b.orElse(new byte[0]));
    }

    /// What another device of this person said. Under the lock of who takes messages.
    void heard(DeviceId from, Content content) throws IOException {
        switch (content) {
            case Content.EndorseGrant grant -> {
                if (!membership.take(grant, from)) return;
                merge(early.take(from));
                anew.run();
            }
            case Content.Entries said -> {
                if (membership.isJoined()) merge(said.entries());
                else early.keep(from, said.entries());
            }
            case Content.OwnKey key -> membership.take(key);
            // What the list says counts.
            case Content.EndorseRefusal _ -> anew.run();
            default -> throw new IllegalArgumentException("not between own devices");
        }
    }
}
