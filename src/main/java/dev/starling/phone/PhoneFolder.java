package dev.starling.phone;

import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The accounts of a peer's phones as files, one folder each, which the command line writes and the running peer reads:
/// `account` is written last and makes it complete. Only the peer's user can read them.
public record PhoneFolder(Path root) {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final String ACCOUNT = "account", STANDING = "standing", PLACES = "places";
    private static final int MAX_ACCOUNTS = 1_000, MAX_FILE_BYTES = 8_192;

    /// Of one account.
    public Path of(String user) {
        return root.resolve(user);
    }

    public Path key(String user) {
        return of(user).resolve("device.p12");
    }

    public Path store(String user) {
        return of(user).resolve("agent.db");
    }

    /// Makes the account known to the running peer.
    public void complete(PhoneAccount account) throws IOException {
        Keys.writeOwnerOnly(of(account.user()).resolve(ACCOUNT), account.write());
    }

    /// Those that are complete, and can be read.
    public List<PhoneAccount> all() throws IOException {
        var all = new ArrayList<PhoneAccount>();
        if (!Files.isDirectory(root)) return all;
        try (Stream<Path> folders = Files.list(root)) {
            for (Path folder : folders.sorted().limit(MAX_ACCOUNTS).toList()) {
                Path file = folder.resolve(ACCOUNT);
                if (!Files.isRegularFile(file) || Files.size(file) > MAX_FILE_BYTES) continue;
                readable(file)
                        .filter(account ->
                                account.user().equals(folder.getFileName().toString()))
                        .ifPresent(all::add);
            }
        }
        return all;
    }

    /// One that is damaged keeps nobody else's phone from ringing.
    private static Optional<PhoneAccount> readable(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        try {
            return Optional.of(PhoneAccount.read(bytes));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, () -> file + " is left out: " + e.getMessage());
            return Optional.empty();
        }
    }

    /// Of all accounts, complete or not.
    List<Path> folders() throws IOException {
        try (Stream<Path> folders = Files.list(root)) {
            return folders.filter(Files::isDirectory).limit(MAX_ACCOUNTS).toList();
        }
    }

    /// Changes with the account.
    long version(String user) throws IOException {
        return Files.getLastModifiedTime(of(user).resolve(ACCOUNT)).toMillis();
    }

    /// What the running peer says of an account: a word for people.
    public void say(String user, String standing) throws IOException {
        Keys.writeOwnerOnly(of(user).resolve(STANDING), standing.getBytes(StandardCharsets.UTF_8));
    }

    public Optional<String> said(String user) throws IOException {
        Path file = of(user).resolve(STANDING);
        return Files.isRegularFile(file) ? Optional.of(Files.readString(file)) : Optional.empty();
    }

    /// Where phones reach the running peer, in lines for people.
    public void sayPlaces(String places) throws IOException {
        Keys.writeOwnerOnly(root.resolve(PLACES), places.getBytes(StandardCharsets.UTF_8));
    }

    /// As the peer said when it ran last.
    public Optional<String> places() throws IOException {
        Path file = root.resolve(PLACES);
        return Files.isRegularFile(file) ? Optional.of(Files.readString(file)) : Optional.empty();
    }

    /// The account first, so that a peer does not take up what is half gone.
    public void remove(String user) throws IOException {
        Files.deleteIfExists(of(user).resolve(ACCOUNT));
        try (Stream<Path> files = Files.walk(of(user))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(file);
        }
    }
}
