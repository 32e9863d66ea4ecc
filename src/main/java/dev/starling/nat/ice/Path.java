package dev.starling.nat.ice;

import java.net.InetSocketAddress;

/// Where packets go: from the base of this index to this address.
public record Path(int base, InetSocketAddress remote) {}
