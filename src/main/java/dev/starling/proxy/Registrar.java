package dev.starling.proxy;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.sip.transport.Flow;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Who is here, and over which flow (RFC 3261, section 10; RFC 5626): one binding for each device and one device for
/// each flow, the newest wins. Bindings live as long as their flows, so nothing of them is stored.
public final class Registrar {
    private static final int MAX_BINDINGS = 100_000;

    public record Binding(Address address, DeviceId device, Flow flow, Instant expires) {}

    private final Clock clock;
    private final Consumer<Binding> ended;
    private final Map<DeviceId, Binding> byDevice = new HashMap<>();
    private final Map<String, Binding> byFlow = new HashMap<>();

    /// `ended` hears of each device that is no longer here, once.
    Registrar(Clock clock, Consumer<Binding> ended) {
        this.clock = clock;
        this.ended = ended;
    }

    /// False when the registrar is full.
    boolean bind(Binding binding) {
        Optional<Binding> before, sameFlow;
        synchronized (this) {
            before = Optional.ofNullable(byDevice.get(binding.device()));
            if (before.isEmpty() && byDevice.size() >= MAX_BINDINGS) return false;
            sameFlow = Optional.ofNullable(byFlow.get(binding.flow().id()))
                    .filter(b -> !b.device().equals(binding.device()));
            before.ifPresent(this::forget);
            sameFlow.ifPresent(this::forget);
            byDevice.put(binding.device(), binding);
            byFlow.put(binding.flow().id(), binding);
        }
        sameFlow.ifPresent(ended);
        before.filter(old -> !old.flow().equals(binding.flow()))
                .ifPresent(old -> old.flow().close("registered anew over another connection"));
        // It may have ended while the signature was checked; then its end was told before it was bound.
        if (!binding.flow().isOpen()) closed(binding.flow());
        return true;
    }

    private void forget(Binding binding) {
        byDevice.remove(binding.device(), binding);
        byFlow.remove(binding.flow().id(), binding);
    }

    void unbind(DeviceId device) {
        Optional<Binding> old;
        synchronized (this) {
            old = Optional.ofNullable(byDevice.get(device));
            old.ifPresent(this::forget);
        }
        old.ifPresent(ended);
    }

    void closed(Flow flow) {
        Optional<Binding> old;
        synchronized (this) {
            old = Optional.ofNullable(byFlow.get(flow.id()));
            old.ifPresent(this::forget);
        }
        old.ifPresent(ended);
    }

    synchronized Optional<Binding> at(Flow flow) {
        return Optional.ofNullable(byFlow.get(flow.id())).filter(this::isFresh);
    }

    public synchronized Optional<Binding> of(DeviceId device) {
        return Optional.ofNullable(byDevice.get(device)).filter(this::isFresh);
    }

    /// The devices of somebody that are here.
    synchronized List<Binding> of(Address address) {
        return byDevice.values().stream()
                .filter(b -> b.address().equals(address) && isFresh(b))
                .toList();
    }

    private boolean isFresh(Binding binding) {
        return binding.flow().isOpen() && binding.expires().isAfter(clock.instant());
    }

    /// Ends what was not registered again in time.
    void sweep() {
        List<Binding> old;
        synchronized (this) {
            old = byDevice.values().stream().filter(b -> !isFresh(b)).toList();
            old.forEach(this::forget);
        }
        old.forEach(ended);
    }

    public synchronized int size() {
        return byDevice.size();
    }
}
