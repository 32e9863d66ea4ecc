package dev.starling.agent;

import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.locate.LocationService;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/// Whom a person knows, lets through, and ever verified: from what the person's devices share, and what lies in the
/// store.
final class Acquaintances {
    private static final System.Logger LOG = System.getLogger("starling.agent");

    private final Profile us;
    private final LocationService location;
    private final OwnEntries entries;
    private final AgentStore store;
    private final Clock clock;

    Acquaintances(Profile us, LocationService location, OwnEntries entries, AgentStore store, Clock clock) {
        this.us = us;
        this.location = location;
        this.entries = entries;
        this.store = store;
        this.clock = clock;
    }

    /// What this person calls a contact; empty for others.
    Optional<String> nameOf(Address address) {
        return entries.contact(address).map(Person::name).filter(name -> !name.isEmpty());
    }

    Optional<byte[]> tokenFor(Address address) {
        return entries.contact(address).flatMap(Person::theirs);
    }

    boolean admits(Address address) {
        boolean friend = entries.contact(address)
                .map(person -> person.state() == Person.State.ACCEPTED)
                .orElse(address.equals(us.address()));
        return !entries.isBlocked(address) && (friend || entries.strangersRing());
    }

    boolean admitsStranger(Address named) {
        return entries.strangersRing()
                && !entries.isBlocked(named)
                && entries.contact(named).isEmpty();
    }

    Agent.Whom whom(Address address) throws DhtException {
        return switch (location.find(address)) {
            case LocationService.Found found -> {
                if (!found.verified().isEmpty()) remember(address);
                var devices = notOurs(found.verified());
                yield devices.isEmpty()
                        ? new Agent.Withheld(404, "Nobody with this address is known")
                        : new Agent.Known(devices);
            }
            case LocationService.Forged _ -> new Agent.Withheld(404, "Nothing genuine is known of this address");
            case LocationService.Absent _ ->
                wasVerified(address)
                        ? new Agent.Withheld(480, "Verified before and not found now: not called unverified")
                        : new Agent.Nobody();
        };
    }

    private boolean wasVerified(Address address) {
        try {
            return address.equals(us.address())
                    || entries.contact(address).isPresent()
                    || store.hasVerified(address)
                    || location.remembers(address);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "whom this device verified cannot be read", e);
            return true;
        }
    }

    private void remember(Address address) {
        try {
            store.verified(address, clock.instant().toEpochMilli());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "whom this device verified is not kept", e);
        }
    }

    boolean isListed(CertificateVerifier.Verified signer) {
        try {
            boolean listed = Post.devices(location, signer.address()).stream()
                    .anyMatch(device -> device.id().equals(signer.device()));
            if (listed) remember(signer.address());
            return listed;
        } catch (DhtException e) {
            LOG.log(System.Logger.Level.INFO, () -> "who calls cannot be looked up: " + e.getMessage());
            return false;
        }
    }

    /// The devices of somebody to which something may be sent, without this one.
    List<LocationService.Device> devices(Address address) throws DhtException {
        return notOurs(Post.devices(location, address));
    }

    private List<LocationService.Device> notOurs(List<LocationService.Device> devices) {
        return devices.stream().filter(device -> !device.id().equals(us.id())).toList();
    }
}
