package dev.starling.cli;

import dev.starling.acme.Problem;
import dev.starling.enrol.Enrolment;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `starling enrol`: proves an address and writes key and certificate to a file.
@Command(
        name = "enrol",
        mixinStandardHelpOptions = true,
        description = "Proves that an e-mail address is yours and writes key and certificate to a PKCS#12 file.")
final class EnrolCommand implements Callable<Integer> {
    @Parameters(description = "Your e-mail address.")
    String address = "";

    @Option(
            names = "--server",
            defaultValue = "http://127.0.0.1:8787/",
            description = "Server that names the CA (default ${DEFAULT-VALUE}).")
    String server = "";

    @Option(names = "--out", description = "File to write (default: ADDRESS.p12).")
    Optional<Path> out = Optional.empty();

    @Override
    public Integer call() throws IOException {
        PeerInfo peer = PeerInfo.fetch(PeerOptions.url(server).orElseThrow());
        try (var enrolment = new Enrolment(URI.create(peer.caDirectory()))) {
            Address wanted = Address.parse(address);
            var key = Keys.generate();
            var chain = enrolment.enrol(wanted, key, () -> {
                System.out.println(
                        "A mail with a code was sent to " + wanted + ". Paste the code here and press Enter:");
                return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
            });
            var held = new Keys.Held(key.getPrivate(), chain);
            var verified = new CertificateVerifier(new TrustAnchors(peer.anchors()), peer.local())
                    .verify(held.der(), wanted, Instant.now());
            Path file = out.orElse(Path.of(wanted + ".p12"));
            Keys.save(file, held);
            System.out.println("Certified until " + verified.notAfter() + " (proven by: " + verified.level()
                    + "). Key and certificate are in " + file + ", the password beside it.");
            return 0;
        } catch (IdentityException e) {
            throw new IOException("refused: " + e.getMessage(), e);
        } catch (Problem e) {
            throw new IOException(e.detail(), e);
        }
    }
}
