package dev.starling.enrol;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import dev.starling.acme.Json;
import dev.starling.acme.Problem;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.text.ParseException;
import java.util.Map;
import java.util.Optional;

/// An enrolment under way, kept in a file that only its owner can read, so that whatever interrupts it, it
/// goes on with the same account, order and key.
///
/// @param directory of the CA
/// @param account the key that signs requests
/// @param kid the account's URL, "" before it has one
/// @param order the order's URL, "" before it is made
/// @param device the key that is to be certified
/// @param finalized whether the CA was asked for a certificate of that key: it may have made one
record Pending(
        URI directory, String address, ECKey account, String kid, String order, KeyPair device, boolean finalized) {

    private static final String ENDING = "pending";

    static Path file(Beside beside) {
        return beside.file(ENDING);
    }

    static Pending begin(URI directory, String address, KeyPair device) {
        return new Pending(directory, address, newAccount(), "", "", device, false);
    }

    static ECKey newAccount() {
        try {
            return new ECKeyGenerator(Curve.P_256).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    Pending with(String newKid, String newOrder) {
        return new Pending(directory, address, account, newKid, newOrder, device, finalized);
    }

    /// The same by an account that is not registered yet.
    Pending by(ECKey newAccount) {
        return new Pending(directory, address, newAccount, "", "", device, finalized);
    }

    Pending asFinalized() {
        return new Pending(directory, address, account, kid, order, device, true);
    }

    /// Beside the file that is to hold key and certificate.
    void save(Path target) throws IOException {
        var beside = new Beside(target, directory, address);
        Keys.writeOwnerOnly(
                file(beside),
                Json.write(Map.of(
                                "directory",
                                directory.toString(),
                                "address",
                                address,
                                "account",
                                account.toJSONObject(),
                                "kid",
                                kid,
                                "order",
                                order,
                                "finalized",
                                finalized,
                                "device",
                                new ECKey.Builder(
                                                Curve.P_256, (java.security.interfaces.ECPublicKey) device.getPublic())
                                        .privateKey(device.getPrivate())
                                        .build()
                                        .toJSONObject()))
                        .getBytes(java.nio.charset.StandardCharsets.UTF_8));
        forgetOld(beside);
    }

    /// What is under way at this CA; empty when there is nothing, or nothing that can be read.
    static Optional<Pending> load(Beside beside) throws IOException {
        Optional<Pending> here = read(file(beside)).filter(each -> each.isOf(beside));
        return here.isPresent() ? here : read(beside.old(ENDING)).filter(each -> each.isOf(beside));
    }

    static void forget(Beside beside) throws IOException {
        Files.deleteIfExists(file(beside));
        forgetOld(beside);
    }

    private static void forgetOld(Beside beside) throws IOException {
        if (read(beside.old(ENDING)).filter(each -> each.isOf(beside)).isPresent()) Files.delete(beside.old(ENDING));
    }

    private boolean isOf(Beside beside) {
        return directory.equals(beside.directory()) && address.equals(beside.address());
    }

    /// The key that a CA will certify for this address, or was asked to: one file has one.
    static Optional<KeyPair> device(Path target, String address) throws IOException {
        for (Path each : Beside.all(target, ENDING)) {
            var pending = read(each).filter(one -> one.address.equals(address));
            if (pending.isPresent()) return pending.map(Pending::device);
        }
        return Optional.empty();
    }

    private static Optional<Pending> read(Path file) throws IOException {
        if (!Files.exists(file)) return Optional.empty();
        try {
            Map<String, Object> json = Json.object(Files.readAllBytes(file));
            return Optional.of(new Pending(
                    URI.create(Json.text(json, "directory")),
                    Json.text(json, "address"),
                    key(json, "account"),
                    Json.text(json, "kid"),
                    Json.text(json, "order"),
                    key(json, "device").toKeyPair(),
                    Boolean.TRUE.equals(json.get("finalized"))));
        } catch (Problem | ParseException | JOSEException | GeneralSecurityException | IllegalArgumentException e) {
            // Only the effort of one mail is lost.
            return Optional.empty();
        }
    }

    private static ECKey key(Map<String, Object> json, String name)
            throws ParseException, Problem, GeneralSecurityException {
        if (!(json.get(name) instanceof Map<?, ?> members)) throw Problem.malformed("no " + name);
        ECKey key = ECKey.parse(Json.write(copy(members)));
        if (!key.isPrivate()) throw new GeneralSecurityException("no private key");
        return key;
    }

    private static Map<String, Object> copy(Map<?, ?> members) {
        var all = new java.util.HashMap<String, Object>();
        members.forEach((name, value) -> all.put(String.valueOf(name), String.valueOf(value)));
        return all;
    }

    /// Without the keys.
    @Override
    public String toString() {
        return "Pending[" + address + " at " + directory + "]";
    }
}
