package dev.starling.record;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/// The highest sequence seen for (address, kind, device): an older record is never believed again.
public interface SequenceMemory {
    OptionalLong last(Address address, Kind kind, DeviceId device);

    void saw(Address address, Kind kind, DeviceId device, long sequence);

    /// Remembers nothing: where an older record does no harm.
    static SequenceMemory none() {
        return inMemory(0);
    }

    /// In memory, bounded: the least recently seen is forgotten.
    static SequenceMemory inMemory(int most) {
        var map = new LinkedHashMap<String, Long>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
                return size() > most;
            }
        };
        return new SequenceMemory() {
            @Override
            public synchronized OptionalLong last(Address address, Kind kind, DeviceId device) {
                Long last = map.get(key(address, kind, device));
                return last == null ? OptionalLong.empty() : OptionalLong.of(last);
            }

            @Override
            public synchronized void saw(Address address, Kind kind, DeviceId device, long sequence) {
                map.merge(key(address, kind, device), sequence, Math::max);
            }

            private String key(Address address, Kind kind, DeviceId device) {
                return kind + " " + device + " " + address;
            }
        };
    }
}
