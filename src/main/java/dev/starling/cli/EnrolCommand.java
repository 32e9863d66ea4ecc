package dev.starling.cli;

import dev.starling.enrol.Enrolment;
import dev.starling.enrol.EnrolmentException;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `starling enrol`: proves an address and writes key and certificate to a file; run again, it renews.
@Command(
        name = "enrol",
        mixinStandardHelpOptions = true,
        description = {
            "Proves that an e-mail address is yours and writes key and certificate to a PKCS#12 file.",
            "Run again with the same file it renews the certificate for the same key, when two thirds of its time are over.",
            "What was interrupted goes on where it was."
        })
final class EnrolCommand implements Callable<Integer> {
    @Parameters(description = "Your e-mail address.")
    String address = "";

    @Option(
            names = "--server",
            defaultValue = "http://127.0.0.1:8787/",
            description = "Server that names the CA (default ${DEFAULT-VALUE}).")
    String server = "";

    @Option(
            names = "--ca",
            defaultValue = "",
            description = "ACME directory URL of the CA, instead of the one that --server names.")
    String ca = "";

    @Option(
            names = "--anchor",
            description = "PEM file of a CA to believe; may be repeated. Needed except in local mode.")
    List<Path> anchors = new ArrayList<>();

    @Option(names = "--out", description = "File to write, or to renew (default: ADDRESS.p12).")
    Optional<Path> out = Optional.empty();

    @Option(names = "--renew", description = "Renew now, also when the certificate is good for long.")
    boolean renew;

    @Override
    public Integer call() throws IOException {
        try {
            Address wanted = Address.parse(address);
            Path file = out.orElse(Path.of(wanted + ".p12"));
            if (Files.exists(file) && !renew) {
                var leaf = Keys.load(file).chain().getFirst();
                if (!Enrolment.isDue(leaf, Clock.systemUTC().instant())) {
                    System.out.println("Still good until " + leaf.getNotAfter().toInstant()
                            + "; nothing was done (--renew renews it now).");
                    return 0;
                }
            }
            enrol(wanted, file);
            return 0;
        } catch (IdentityException e) {
            throw new IOException("Not an address that can be certified: " + e.reason() + ".", e);
        } catch (EnrolmentException e) {
            throw new IOException(e.detail(), e);
        }
    }

    private void enrol(Address wanted, Path file) throws IOException, EnrolmentException {
        var believed = new ArrayList<>(PeerOptions.anchors(anchors));
        String directory = ca;
        boolean local = false;
        if (directory.isEmpty()) {
            PeerInfo peer = PeerInfo.fetch(PeerOptions.url(server).orElseThrow());
            directory = peer.caDirectory();
            local = peer.local();
            if (local) believed.addAll(peer.anchors());
        }
        if (believed.isEmpty()) throw new IOException("No CA is believed: name one with --anchor root.pem.");
        var verifier = new CertificateVerifier(TrustAnchors.limited(believed), local);
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var held = new Enrolment(URI.create(directory), verifier, Clock.systemUTC()).enrol(wanted, file, (to, note) -> {
            if (!note.isEmpty()) System.out.println(note);
            System.out.println("A mail with a code goes to " + to + ". Paste the code here and press Enter:");
            return Optional.ofNullable(input.readLine());
        });
        System.out.println(
                "Certified until " + held.chain().getFirst().getNotAfter().toInstant() + ". Key and certificate are in "
                        + file + ", the password beside it.");
    }
}
