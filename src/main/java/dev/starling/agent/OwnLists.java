package dev.starling.agent;

import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.locate.LocationService;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.SignedRecord;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// The lists of its person's devices as one of them finds them, its own word among them, and whether it stands on one
/// (docs/protocols/formats.md, section 7).
///
/// @param heads that no other one continues
/// @param isRevoked somebody entitled took this device out
record OwnLists(DeviceId us, List<DeviceChain> heads, boolean isRevoked) {
    static OwnLists of(LocationService.Found found, DeviceId us, String network) {
        var chains = found.newest().stream()
                .filter(record -> record.kind() == Kind.DEVICES && record.body().isPresent())
                .filter(record -> record.device().equals(us) || isVerified(found, record.device()))
                .flatMap(record -> chain(record, network).stream())
                .toList();
        // A version that was left goes on lying there: what we said ourselves before we were taken off, too.
        var heads = chains.stream()
                .filter(chain -> chains.stream().noneMatch(other -> continues(other, chain)))
                .toList();
        boolean revoked = Optional.ofNullable(found.devices().get(us))
                .map(LocationService.Device::revoked)
                .orElse(false);
        return new OwnLists(us, heads, revoked);
    }

    private static boolean isVerified(LocationService.Found found, DeviceId device) {
        return Optional.ofNullable(found.devices().get(device))
                .map(LocationService.Device::verified)
                .orElse(false);
    }

    private static boolean continues(DeviceChain other, DeviceChain chain) {
        String head = chain.head().hash();
        return !other.head().hash().equals(head) && other.contains(head);
    }

    private static Optional<DeviceChain> chain(SignedRecord record, String network) {
        try {
            return Optional.of(DeviceChain.of(record, network));
        } catch (IdentityException e) {
            return Optional.empty();
        }
    }

    /// Some list was read: then it is not for want of one that we stand on none.
    boolean isKnown() {
        return !heads.isEmpty();
    }

    /// The longest one on which this device stands, and stood whoever let it in.
    Optional<DeviceChain> ours(Optional<DeviceId> admittedBy) {
        return heads.stream()
                .filter(chain -> chain.lists(us))
                .filter(chain -> admittedBy.map(by -> wasOn(chain, by)).orElse(true))
                .max(Comparator.comparingInt(chain -> chain.links().size()));
    }

    private static boolean wasOn(DeviceChain chain, DeviceId device) {
        return chain.links().stream().anyMatch(link -> link.devices().containsKey(device));
    }
}
