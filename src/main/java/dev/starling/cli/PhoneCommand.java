package dev.starling.cli;

import dev.starling.agent.AgentStore;
import dev.starling.agent.DeviceCode;
import dev.starling.agent.Profile;
import dev.starling.enrol.Enrolment;
import dev.starling.enrol.EnrolmentException;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.phone.PhoneAccount;
import dev.starling.phone.PhoneFolder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `starling phone`: ordinary SIP phones that ring for somebody's address. Run by whoever runs the peer, on its
/// computer.
@Command(
        name = "phone",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(add | list | renew | remove)",
        description = {
            "Lets an ordinary SIP phone, or a program that is one, ring for an e-mail address.",
            "The phone cannot keep keys or sign: this server does it, and sound and messages of the phone are readable here."
        })
final class PhoneCommand {
    private static final Clock CLOCK = Clock.systemUTC();

    /// What all of them need.
    static final class Server {
        @Option(
                names = "--data",
                paramLabel = "FOLDER",
                description = "The server's data folder (default: that of starling up; starling peer says its own).")
        Optional<Path> data = Optional.empty();

        PhoneFolder phones() {
            return new PhoneFolder(
                    data.orElseGet(() -> PeerOptions.usualFolder("local")).resolve("phones"));
        }
    }

    /// Where a certificate is had.
    static final class Ca {
        @Option(
                names = "--server",
                paramLabel = "URL",
                defaultValue = "http://127.0.0.1:8787/",
                description = "This server, as it is reached from here (default ${DEFAULT-VALUE}).")
        String server = "";

        @Option(
                names = "--ca",
                paramLabel = "URL",
                defaultValue = "",
                description = "ACME directory URL of another CA.")
        String directory = "";

        @Option(
                names = "--anchor",
                paramLabel = "FILE",
                description = "PEM file of a CA to believe; needed except in local mode.")
        List<Path> anchors = new ArrayList<>();

        @Mixin
        AccountKeyOption account = new AccountKeyOption();

        Keys.Held enrol(Address address, Path file, BufferedReader input) throws IOException {
            try {
                return Enrolling.at(server, directory, anchors)
                        .by(account.key())
                        .enrol(address, file, input);
            } catch (EnrolmentException e) {
                throw new IOException(AccountKeyOption.words(e), e);
            }
        }
    }

    @Command(
            mixinStandardHelpOptions = true,
            description = {
                "Adds a phone: proves the address by mail, asks one of the person's devices, and prints what to type into the phone.",
                "The person must use Starling in a browser already; that one shows the code under Settings, Your devices."
            })
    int add(
            @Parameters(paramLabel = "ADDRESS", description = "The e-mail address for which the phone rings.")
                    String address,
            @Option(
                            names = "--name",
                            paramLabel = "NAME",
                            defaultValue = "Phone",
                            description = "What the person calls it.")
                    String name,
            @Option(
                            names = "--code",
                            paramLabel = "CODE",
                            defaultValue = "",
                            description = "Code that another device of the person shows; asked for when left out.")
                    String code,
            @Option(
                            names = "--md5",
                            description = "The phone knows no better digest than MD5 and gives up when it is offered"
                                    + " another (baresip 1.0, many older desk phones).")
                    boolean md5,
            @Option(
                            names = "--classic-calls",
                            description = {
                                "The phone may call and write to people whom Starling does not know, at their ordinary SIP domains:",
                                "not verified, and readable on the way. Whoever was verified once is never called so.",
                                "Needs a server that runs with --classic."
                            })
                    boolean classic,
            @Mixin Ca ca,
            @Mixin Server server)
            throws IOException {
        Address whose = address(address);
        PhoneFolder phones = server.phones();
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String password = PhoneAccount.newPassword();
        PhoneAccount account = PhoneAccount.of(whose, name, password, classic, md5);
        String user = account.user();
        Files.createDirectories(phones.of(user));
        boolean whole = false;
        try {
            Keys.Held held = ca.enrol(whose, phones.key(user), input);
            String shown = code.isEmpty() ? ask(input) : code;
            Optional<String> read = DeviceCode.read(shown);
            if (read.isEmpty() && !shown.isBlank())
                throw new IOException("That is no such code: it has 12 letters and digits.");
            try (var store = new AgentStore(phones.store(user))) {
                if (read.isPresent()) DeviceCode.keep(store, read.get(), CLOCK);
            }
            phones.complete(account);
            whole = true;
            System.out.println(settings(account, password, phones));
            if (read.isEmpty())
                System.out.println(
                        "One of the devices of " + whose + " now asks whether to allow it. The number there must be "
                                + DeviceCode.checkNumber(new Profile(whose, held)) + ".");
            return 0;
        } finally {
            if (!whole) phones.remove(user);
        }
    }

    private static String ask(BufferedReader input) throws IOException {
        System.out.println("Open Starling in a browser of this person: Settings, Your devices, Add a device.");
        System.out.println("Type the code it shows here (or just press Enter to compare numbers instead):");
        return Optional.ofNullable(input.readLine()).orElse("");
    }

    private static String settings(PhoneAccount account, String password, PhoneFolder phones) throws IOException {
        String places = phones.places()
                .orElse("this computer's name or address, and the port that the server says when it starts\n");
        String below = places.strip().replace("\n", "\n" + " ".repeat(31));
        return String.join(
                "\n",
                "",
                "Set up the phone with:",
                "  User name, or account        " + account.user(),
                "  Password                     " + password,
                "  Server, or domain or proxy   " + below,
                "The password is not shown again.");
    }

    @Command(mixinStandardHelpOptions = true, description = "Lists the phones of this server.")
    int list(@Mixin Server server) throws IOException {
        PhoneFolder phones = server.phones();
        var all = phones.all();
        if (all.isEmpty()) System.out.println("No phones. Add one: starling phone add bob@example.net");
        for (PhoneAccount each : all) {
            var leaf = Keys.load(phones.key(each.user())).chain().getFirst();
            System.out.println(each.user() + "  " + each.address() + "  " + each.label() + "  "
                    + phones.said(each.user()).orElse("the server has not seen it yet") + "  "
                    + certified(leaf, CLOCK.instant(), each.user())
                    + (each.isClassic() ? "  may call unverified" : ""));
        }
        return 0;
    }

    /// How long a phone still works, and what to do when that is not long.
    static String certified(X509Certificate leaf, Instant now, String user) {
        Instant until = leaf.getNotAfter().toInstant();
        if (now.isAfter(until)) return "STOPPED on " + until + ": starling phone renew " + user;
        String due = Enrolment.isDue(leaf, now)
                ? ", in " + Duration.between(now, until).toDays() + " days: starling phone renew " + user
                : "";
        return "certified until " + until + due;
    }

    @Command(
            mixinStandardHelpOptions = true,
            description = "Renews the certificate of a phone's device, by mail; needed once a month.")
    int renew(
            @Parameters(paramLabel = "USER", description = "The phone's user name.") String user,
            @Mixin Ca ca,
            @Mixin Server server)
            throws IOException {
        PhoneAccount account = account(server.phones(), user);
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var held = ca.enrol(account.address(), server.phones().key(user), input);
        // The running server takes it up.
        server.phones().complete(account);
        System.out.println(
                "Certified until " + held.chain().getFirst().getNotAfter().toInstant() + ".");
        return 0;
    }

    @Command(
            mixinStandardHelpOptions = true,
            description = "Removes a phone from this server. The person removes it from the list of devices, too.")
    int remove(
            @Parameters(paramLabel = "USER", description = "The phone's user name.") String user, @Mixin Server server)
            throws IOException {
        server.phones().remove(account(server.phones(), user).user());
        System.out.println("Removed. Remove it in Settings, Your devices as well.");
        return 0;
    }

    private static PhoneAccount account(PhoneFolder phones, String user) throws IOException {
        return phones.all().stream()
                .filter(each -> each.user().equals(user))
                .findFirst()
                .orElseThrow(() -> new IOException("There is no phone " + user + "; starling phone list shows them."));
    }

    private static Address address(String typed) throws IOException {
        try {
            return Address.parse(typed);
        } catch (IdentityException e) {
            throw new IOException("Not an address: " + e.reason() + ".", e);
        }
    }
}
