package dev.starling.cli;

import dev.starling.dht.DhtException;
import dev.starling.enrol.Enrolment;
import dev.starling.enrol.EnrolmentException;
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
import java.util.List;
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

        Path file() {
            return key.orElseGet(() -> Path.of(address + ".p12"));
        }
    }

    @Command(
            mixinStandardHelpOptions = true,
            description = "Lists them: id, name, until when certified, and which one is this.")
    int list(@Mixin Whose whose) throws IOException {
        Optional<DeviceId> self =
                Files.exists(whose.file()) ? Optional.of(Keys.load(whose.file()).id()) : Optional.empty();
        var found = found(whose.server, whose.anchors, whose.address);
        if (found.isEmpty()) {
            System.out.println("No device of " + whose.address + " is to be found.");
            return 2;
        }
        for (var device : found.get().devices().values())
            System.out.println(device.id() + "  "
                    + (device.name().isEmpty() ? "(no name)" : device.name().replaceAll("\\p{C}", "?"))
                    + "  "
                    + device.certificate()
                            .map(each -> "certified until " + each.notAfter())
                            .orElse("not certified")
                    + (self.equals(Optional.of(device.id())) ? "  THIS ONE" : "")
                    + (device.listed() ? "" : "  not allowed by your devices: nothing is sent to it")
                    + (device.revoked() ? "  withdrawn" : ""));
        return 0;
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
        var found = found(whose.server, whose.anchors, whose.address);
        var meant = found.stream()
                .flatMap(each -> each.devices().keySet().stream())
                .filter(each -> each.hex().startsWith(id))
                .toList();
        if (meant.size() != 1)
            throw new IOException(
                    (meant.isEmpty() ? "No device" : "More than one device") + " has an id that begins so.");
        if (meant.getFirst().equals(self)) throw new IOException("That is this device itself.");
        withdraw(found.orElseThrow(), meant, whose.file());
        System.out.println(
                "Its certificate is withdrawn. Your other devices still show it: remove it in one of them under"
                        + " Settings, Your devices, so that it gets no more messages until everybody knows.");
        return 0;
    }

    /// Withdraws the certificates of all devices of an address but this one; how many.
    static int withdrawOthers(String server, List<Path> anchors, Address address, Path file) throws IOException {
        DeviceId self = Keys.load(file).id();
        var found = found(server, anchors, address.text());
        if (found.isEmpty()) return 0;
        var others = found.get().devices().keySet().stream()
                .filter(each -> !each.equals(self))
                .toList();
        withdraw(found.get(), others, file);
        return others.size();
    }

    private static void withdraw(LocationService.Found found, List<DeviceId> devices, Path file) throws IOException {
        try {
            for (var record : found.newest())
                if ((record.kind() == Kind.CERT || record.kind() == Kind.LOCATION) && devices.contains(record.device()))
                    Enrolment.revoke(file, record.chain().getFirst(), CESSATION);
        } catch (EnrolmentException e) {
            throw new IOException(e.detail(), e);
        }
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
