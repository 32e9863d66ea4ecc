package dev.starling.agent;

import dev.starling.locate.LocationService;
import dev.starling.record.Bodies;
import java.util.ArrayList;
import java.util.List;

/// The ways to a device: by a peer of its LOCATION that is ours, without Route, then by Route through the others
/// (docs/protocols/sip.md, sections 2 and 6). Each way is a list of Route values.
final class Ways {
    private static final int MAX = 4;

    private Ways() {}

    /// @param home id of our own peer, hex
    static List<List<String>> to(LocationService.Device device, String home) {
        var direct = new ArrayList<List<String>>();
        var routed = new ArrayList<List<String>>();
        for (var peer : device.location().map(Bodies.Location::peers).orElse(List.of())) {
            if (peer.id().hex().equals(home)) direct.add(List.of());
            else routed.add(List.of("<" + peer.uri() + ";pin=" + peer.id().hex() + ";lr>"));
        }
        direct.addAll(routed);
        return direct.subList(0, Math.min(MAX, direct.size()));
    }
}
