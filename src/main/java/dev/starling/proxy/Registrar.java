package dev.starling.proxy;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.sip.transport.Flow;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// Who is here, and over which flow (RFC 3261, section 10; RFC 5626): one binding for each device, the newest wins.
/// Bindings live as long as their flows, so nothing of them is stored.
public final class Registrar {
    private static final int MAX_BINDINGS = 100_000;

    /// @param chain the certificate chain that proved the address, leaf first
    public record Binding(Address address, DeviceId device, Flow flow, Instant expires, List<byte[]> chain) {}

    private final Clock clock;
    private final Consumer<Binding> ended;
    private final Map<DeviceId, Binding> byDevice = new ConcurrentHashMap<>();
    private final Map<String, DeviceId> byFlow = new ConcurrentHashMap<>();

    /// `ended` hears of each device that is no longer here, once.
    Registrar(Clock clock, Consumer<Binding> ended) {
        this.clock = clock;
        this.ended = ended;
    }

    /// False when the registrar is full.
    boolean bind(Binding binding) {
        if (byDevice.size() >= MAX_BINDINGS && !byDevice.containsKey(binding.device())) return false;
        Binding old = byDevice.put(binding.device(), binding);
        byFlow.put(binding.flow().id(), binding.device());
        if (old != null && !old.flow().equals(binding.flow())) {
            byFlow.remove(old.flow().id(), binding.device());
            old.flow().close("registered anew over another connection");
        }
        return true;
    }

    void unbind(DeviceId device) {
        Binding old = byDevice.remove(device);
        if (old == null) return;
        byFlow.remove(old.flow().id(), device);
        ended.accept(old);
    }

    void closed(Flow flow) {
        DeviceId device = byFlow.remove(flow.id());
        if (device == null) return;
        Binding binding = byDevice.get(device);
        if (binding != null && binding.flow().equals(flow) && byDevice.remove(device, binding)) ended.accept(binding);
    }

    Optional<Binding> at(Flow flow) {
        return Optional.ofNullable(byFlow.get(flow.id())).flatMap(this::of);
    }

    public Optional<Binding> of(DeviceId device) {
        Binding binding = byDevice.get(device);
        if (binding == null || !binding.flow().isOpen()) return Optional.empty();
        if (binding.expires().isAfter(clock.instant())) return Optional.of(binding);
        unbind(device);
        return Optional.empty();
    }

    public int size() {
        return byDevice.size();
    }
}
