package dev.starling.agent;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import java.util.Optional;
import java.util.function.Supplier;

/// Who a user agent is: one certified device of one address.
///
/// @param proof gives what shows that the certificate is in its CA's log (docs/protocols/log.md, section 5); empty
///     while there is none. May ask the log
public record Profile(Address address, Keys.Held device, Supplier<Optional<byte[]>> proof) {
    /// Of a CA that has no log.
    public Profile(Address address, Keys.Held device) {
        this(address, device, Optional::empty);
    }

    public DeviceId id() {
        return device.id();
    }

    public String gruu() {
        return id().gruu(address);
    }

    @Override
    public String toString() {
        return "Profile[" + address + " " + id() + "]";
    }
}
