package dev.starling.cli;

import dev.starling.enrol.Enrolment;
import dev.starling.enrol.EnrolmentException;
import dev.starling.enrol.ExternalKey;
import dev.starling.enrol.LogWatch;
import dev.starling.enrol.ReplyByMail;
import dev.starling.identity.Address;
import dev.starling.identity.Anchor;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Enrolment at the command line: which CA, whom to believe, and the code from the mail.
///
/// @param directory of the CA
/// @param local the CA is a test CA
/// @param key by which the CA makes an account; empty: it makes one for everybody, or there is one
record Enrolling(URI directory, List<Anchor> believed, boolean local, Optional<ExternalKey> key) {
    /// @param ca ACME directory URL; "" for the one that `server` names
    static Enrolling at(String server, String ca, List<Path> anchors) throws IOException {
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
        return new Enrolling(URI.create(directory), believed, local, Optional.empty());
    }

    Enrolling by(Optional<ExternalKey> given) {
        return new Enrolling(directory, believed, local, given);
    }

    boolean isDue(X509Certificate leaf) {
        return new Enrolment(
                        directory, new CertificateVerifier(TrustAnchors.limited(believed), local), Clock.systemUTC())
                .isDue(leaf);
    }

    /// Gets a certificate for the key in `file`, or a new one; asks for the code on `input`.
    Keys.Held enrol(Address address, Path file, BufferedReader input) throws IOException, EnrolmentException {
        return enrolment().enrol(address, file, (to, note) -> {
            if (!note.isEmpty()) System.out.println(note);
            System.out.println("A mail with a code goes to " + to + ". Paste the code here and press Enter:");
            return Optional.ofNullable(input.readLine());
        });
    }

    /// The same by an answer to the CA's mail.
    Keys.Held enrol(Address address, Path file, ReplyByMail reply) throws IOException, EnrolmentException {
        return enrolment().enrol(address, file, reply);
    }

    /// Looks in the logs of the CAs for certificates of the address that somebody else got.
    void watch(Address address, Path file, LogWatch.Ear ear) throws IOException {
        new LogWatch(believed, HttpLog::new, Clock.systemUTC()).look(address, file, Duration.ZERO, ear);
    }

    private Enrolment enrolment() {
        var enrolment = new Enrolment(
                directory, new CertificateVerifier(TrustAnchors.limited(believed), local), Clock.systemUTC());
        return key.map(enrolment::by).orElse(enrolment);
    }
}
