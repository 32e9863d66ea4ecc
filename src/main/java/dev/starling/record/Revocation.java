package dev.starling.record;

import dev.starling.identity.DeviceId;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// A REVOKED record that was believed (docs/protocols/formats.md, section 6).
///
/// @param authority signed by a CA, not by a device of the address
public record Revocation(SignedRecord record, boolean authority, Set<DeviceId> devices) {

    /// The devices that are out. A device of the list may revoke others, a CA the devices it certified. A stranger, a
    /// device that is off the list, and what a device says of itself count for nothing. Where two listed devices
    /// revoke each other, both are out: nothing is sent to either until the list says which one stays.
    ///
    /// @param issuers who certified each known device: SHA-256 of the CA's key
    public static Set<DeviceId> taken(
            Collection<Revocation> all, Set<DeviceId> listed, Map<DeviceId, DeviceId> issuers) {
        var out = new HashSet<DeviceId>();
        for (var revocation : all) {
            DeviceId signer = revocation.record.device();
            for (DeviceId device : revocation.devices) {
                boolean entitled = revocation.authority
                        ? signer.equals(issuers.get(device))
                        : listed.contains(signer) && !device.equals(signer);
                if (entitled) out.add(device);
            }
        }
        return out;
    }
}
