package dev.starling.cli;

import dev.starling.dht.DhtException;
import dev.starling.enrol.EnrolmentException;
import dev.starling.enrol.Withdrawal;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.locate.LocationService;
import dev.starling.record.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `starling devices`: the devices that are certified for an address, and the withdrawal of one's own.
@Command(
        name = "devices",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(list | remove)",
        description = "Lists the devices that are certified for your address, and withdraws their certificates.")
final class DevicesCommand {
    /// cessationOfOperation: lost, or not to be used any more. RFC 5280, section 5.3.1.
    private static final int CESSATION = 5;

    private static final int LEAST_ID = 8;
    private static final String THIS = "  THIS ONE";

    /// Whose devices, and where they are looked up.
    static final class Whose {
        @Parameters(paramLabel = "ADDRESS", description = "Your e-mail address.")
        String address = "";

        @Option(
                names = "--key",
                paramLabel = "FILE",
                description = "What starling enrol has written (default: ADDRESS.p12).")
        Optional<Path> key = Optional.empty();

        @Option(
                names = "--server",
                paramLabel = "URL",
                defaultValue = "http://127.0.0.1:8787/",
                description = "Server through which is looked up (default ${DEFAULT-VALUE}).")
        String server = "";

        @Option(
                names = "--anchor",
                paramLabel = "FILE",
                description = "PEM file of a CA to believe; needed except in local mode.")
        List<Path> anchors = new ArrayList<>();

        Address person() throws IOException {
            try {
                return Address.parse(address);
            } catch (IdentityException e) {
                throw new IOException("Not an address: " + e.reason() + ".", e);
            }
        }

        Path file() {
            return key.orElseGet(() -> Path.of(address + ".p12"));
        }
    }

    @Command(
            mixinStandardHelpOptions = true,
            description = {
                "Lists them: id, name, until when certified, and which one is this; with the key file of an enrolment also",
                "those that the CA has certified and nobody can find."
            })
    int list(@Mixin Whose whose) throws IOException {
        boolean isOwn = Files.exists(whose.file());
        Optional<DeviceId> self = isOwn ? Optional.of(Keys.load(whose.file()).id()) : Optional.empty();
        var found = found(whose.server, whose.anchors, whose.address);
        var shown = found.map(LocationService.Found::devices).orElse(Map.of());
        for (var device : shown.values())
            System.out.println(device.id() + "  "
                    + (device.name().isEmpty() ? "(no name)" : device.name().replaceAll("\\p{C}", "?"))
                    + "  "
                    + device.certificate()
                            .map(each -> "certified until " + each.notAfter())
                            .orElse("not certified")
                    + (self.equals(Optional.of(device.id())) ? THIS : "")
                    + (device.listed() ? "" : "  not allowed by your devices: nothing is sent to it")
                    + (device.revoked() ? "  withdrawn" : ""));
        var hidden =
                isOwn ? certified(whose.person(), Optional.empty(), whose.file()) : Map.<DeviceId, List<byte[]>>of();
        hidden.keySet().stream()
                .filter(each -> !shown.containsKey(each))
                .forEach(each ->
                        System.out.println(each + "  certified by the CA, and cannot be found: nothing is sent to it"
                                + (self.equals(Optional.of(each)) ? THIS : "")));
        if (!shown.isEmpty() || !hidden.isEmpty()) return 0;
        System.out.println("No device of " + whose.address + " is to be found.");
        return 2;
    }

    @Command(
            mixinStandardHelpOptions = true,
            description = {
                "Withdraws the certificate of one of them at the CA: nobody believes it any more, within a day at the latest.",
                "Needs the key file of an enrolment whose proof of the address is still good (90 days)."
            })
    int remove(
            @Mixin Whose whose,
            @Parameters(index = "1", paramLabel = "ID", description = "Its id, or the first 8 digits of it.") String id)
            throws IOException {
        if (!id.matches("[0-9a-f]{" + LEAST_ID + ",64}"))
            throw new IOException(
                    "An id has 64 hexadecimal digits; the first 8 will do. starling devices list shows them.");
        DeviceId self = Keys.load(whose.file()).id();
        var certified = certified(whose.person(), found(whose.server, whose.anchors, whose.address), whose.file());
        var meant = certified.keySet().stream()
                .filter(each -> each.hex().startsWith(id))
                .toList();
        if (meant.size() != 1)
            throw new IOException(
                    (meant.isEmpty() ? "No device" : "More than one device") + " has an id that begins so.");
        if (meant.getFirst().equals(self)) throw new IOException("That is this device itself.");
        int done = withdraw(List.of(certified.getOrDefault(meant.getFirst(), List.of())), whose.file());
        System.out.println((done == 0 ? "Its certificate was withdrawn before." : "Its certificate is withdrawn.")
                + " Your other devices still show it: remove it in one of them under"
                + " Settings, Your devices, so that it gets no more messages until everybody knows.");
        return 0;
    }

    /// Withdraws the certificates of all devices of an address but this one; of how many.
    static int withdrawOthers(String server, List<Path> anchors, Address address, Path file) throws IOException {
        var others = certified(address, found(server, anchors, address.text()), file);
        others.remove(Keys.load(file).id());
        return withdraw(others.values(), file);
    }

    /// Of how many devices it was not done before. What fails stops no other.
    private static int withdraw(Collection<List<byte[]>> devices, Path file) throws IOException {
        Optional<EnrolmentException> failed = Optional.empty();
        int count = 0;
        try (var at = new Withdrawal(file)) {
            for (var device : devices) {
                boolean isNew = false;
                for (byte[] each : device)
                    try {
                        isNew |= at.revoke(each, CESSATION);
                    } catch (EnrolmentException e) {
                        failed = Optional.of(e);
                    }
                if (isNew) count++;
            }
        } catch (EnrolmentException e) {
            failed = Optional.of(e);
        }
        if (failed.isPresent())
            throw new IOException(
                    count + " of " + devices.size() + " are withdrawn; then: "
                            + failed.get().detail(),
                    failed.get());
        return count;
    }

    /// What is certified for the address, by device: what the CA says, and what is to be found.
    private static Map<DeviceId, List<byte[]>> certified(
            Address address, Optional<LocationService.Found> found, Path file) throws IOException {
        var all = new LinkedHashMap<DeviceId, List<byte[]>>();
        try (var at = new Withdrawal(file)) {
            for (var each : at.good(address))
                all.computeIfAbsent(DeviceId.ofKey(each.getPublicKey().getEncoded()), _ -> new ArrayList<>())
                        .add(Keys.encoded(each));
        } catch (EnrolmentException e) {
            throw new IOException(e.detail(), e);
        }
        for (var each : found.map(LocationService.Found::newest).orElse(List.of()))
            if (each.kind() == Kind.CERT || each.kind() == Kind.LOCATION)
                all.computeIfAbsent(each.device(), _ -> new ArrayList<>())
                        .add(each.chain().getFirst());
        return all;
    }

    private static Optional<LocationService.Found> found(String server, List<Path> anchors, String address)
            throws IOException {
        try (var at = Looking.through(
                PeerOptions.url(server).orElseThrow(), PeerOptions.anchors(anchors), Clock.systemUTC())) {
            return at.service().find(Address.parse(address)) instanceof LocationService.Found found
                    ? Optional.of(found)
                    : Optional.empty();
        } catch (IdentityException e) {
            throw new IOException("Not an address: " + e.reason() + ".", e);
        } catch (DhtException e) {
            throw new IOException("The server cannot look it up: " + e.getMessage(), e);
        }
    }
}
