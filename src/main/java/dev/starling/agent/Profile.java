package dev.starling.agent;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;

/// Who a user agent is: one certified device of one address.
public record Profile(Address address, Keys.Held device) {
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
