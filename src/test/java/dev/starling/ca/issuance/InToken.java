package dev.starling.ca.issuance;

import dev.starling.ca.Csrs;
import dev.starling.ca.Ready;
import dev.starling.ca.store.CaStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/// Run by [TokenTest] in a process of its own: makes or uses an issuing key in a token.
final class InToken {
    private InToken() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[1]), config = Path.of(arguments[2]);
        String pin = Files.readString(Path.of(arguments[3])).strip();
        Clock clock = Clock.systemUTC();
        Token token = Token.open(config, pin.toCharArray());
        switch (arguments[0]) {
            case "whole" -> {
                var all = new Ceremony(folder, OfflineRoot.Curve.P384, clock);
                var issuing = all.install(Optional.of(token), "email", "example.net");
                var key = token.find(issuing.getPublicKey());
                if (key.getEncoded() != null) throw new IllegalStateException("the key can be read");
                System.out.println("key " + key.getClass().getName());
                Ceremony.pem(folder.resolve("issuing.pem"), issuing);
                Ceremony.pem(
                        folder.resolve("outside.pem"),
                        all.leaf(all.authority(Optional.of(token)).issuing(), "bob@example.com"));
            }
            case "issue" -> {
                try (var store = CaStore.inFile(folder.resolve("ca.db"))) {
                    var log = dev.starling.ca.Ready.log(folder, store);
                    var keys = new Issuer.Config(folder.resolve("online"), Optional.of(token), false, ListPlace.NONE);
                    var issuer = Issuer.open(keys, store, log, clock);
                    String order = Ready.order(
                            store,
                            "bob@example.net",
                            "email-code-00",
                            clock.instant().getEpochSecond());
                    issuer.issue(order, Csrs.of("bob@example.net"));
                    Files.writeString(folder.resolve("leaf.pem"), Ready.chain(store, order));
                    issuer.lists().refresh();
                    String id = CertificateProfile.keyId(
                            IssuingKeys.certificate(folder.resolve("online").resolve("issuing.pem")));
                    Files.write(
                            folder.resolve("list.crl"),
                            issuer.lists().newestOf(id).orElseThrow());
                }
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }
}
