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

    /// The file beside the one that is to hold key and certificate.
    static Path file(Path target) {
        return target.resolveSibling(target.getFileName() + ".pending");
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

    void save(Path file) throws IOException {
        Keys.writeOwnerOnly(
                file,
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
    }

    /// What is under way for this address at this CA; empty when there is nothing, or nothing that can be
    /// read.
    static Optional<Pending> load(Path file, URI directory, String address) throws IOException {
        if (!Files.exists(file)) return Optional.empty();
        try {
            Map<String, Object> json = Json.object(Files.readAllBytes(file));
            var pending = new Pending(
                    URI.create(Json.text(json, "directory")),
                    Json.text(json, "address"),
                    key(json, "account"),
                    Json.text(json, "kid"),
                    Json.text(json, "order"),
                    key(json, "device").toKeyPair(),
                    Boolean.TRUE.equals(json.get("finalized")));
            boolean same = pending.directory.equals(directory) && pending.address.equals(address);
            return same ? Optional.of(pending) : Optional.empty();
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
