package dev.starling.enrol;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Problem;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.text.ParseException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The account at a CA with which an address was proven, kept beside the key that was certified, for its owner only: as
/// long as that proof is good, a renewal needs no mail and a lost device's certificate can be withdrawn.
///
/// One that took a key of the CA's operator and has proven nothing yet lies in a file of its own: the one by which
/// another CA's certificate can be withdrawn stays. Each CA has its own.
///
/// @param until when the proof ends; the epoch when the CA did not say
record KeptAccount(URI directory, String address, ECKey account, String kid, Instant until) {

    static Path file(Path key) {
        return key.resolveSibling(key.getFileName() + ".account");
    }

    private static final String BOUND = "bound";

    private Beside beside(Path key) {
        return new Beside(key, directory, address);
    }

    /// A new enrolment, by the kept account where it is one of this CA and for this address.
    static Pending begin(Path key, URI directory, String address, KeyPair device) throws IOException {
        Pending fresh = Pending.begin(directory, address, device);
        var beside = new Beside(key, directory, address);
        return Stream.of(read(beside.file(BOUND)), read(beside.old(BOUND)), load(key))
                .flatMap(Optional::stream)
                .filter(kept -> kept.directory.equals(directory) && kept.address.equals(address))
                .map(kept -> new Pending(directory, address, kept.account, kept.kid, "", device, false))
                .findFirst()
                .orElse(fresh);
    }

    void save(Path key) throws IOException {
        write(file(key));
        Files.deleteIfExists(beside(key).file(BOUND));
        forgetOld(key);
    }

    /// Until it has proven something.
    void saveBound(Path key) throws IOException {
        write(beside(key).file(BOUND));
        forgetOld(key);
    }

    private void forgetOld(Path key) throws IOException {
        Path old = beside(key).old(BOUND);
        if (read(old).filter(each -> each.directory.equals(directory)).isPresent()) Files.delete(old);
    }

    private void write(Path file) throws IOException {
        String json = Json.write(Map.of(
                "directory",
                directory.toString(),
                "address",
                address,
                "account",
                account.toJSONObject(),
                "kid",
                kid,
                "until",
                until.getEpochSecond()));
        Keys.writeOwnerOnly(file, json.getBytes(StandardCharsets.UTF_8));
    }

    /// Empty when there is none, or none that can be read: only the effort of one mail is lost.
    static Optional<KeptAccount> load(Path key) throws IOException {
        return read(file(key));
    }

    private static Optional<KeptAccount> read(Path file) throws IOException {
        if (!Files.exists(file)) return Optional.empty();
        try {
            Map<String, Object> json = Json.object(Files.readAllBytes(file));
            if (!(json.get("account") instanceof Map<?, ?> members)) return Optional.empty();
            var copy = new HashMap<String, Object>();
            members.forEach((name, value) -> copy.put(String.valueOf(name), String.valueOf(value)));
            ECKey account = ECKey.parse(Json.write(copy));
            long until = json.get("until") instanceof Long number ? number : 0;
            if (!account.isPrivate()) return Optional.empty();
            var _ = account.toKeyPair();
            return Optional.of(new KeptAccount(
                    URI.create(Json.text(json, "directory")),
                    Json.text(json, "address"),
                    account,
                    Json.text(json, "kid"),
                    Instant.ofEpochSecond(until)));
        } catch (Problem | ParseException | JOSEException | IllegalArgumentException | java.time.DateTimeException e) {
            return Optional.empty();
        }
    }

    /// Without the key.
    @Override
    public String toString() {
        return "KeptAccount[" + address + " at " + directory + "]";
    }
}
