package dev.starling.cli;

import dev.starling.enrol.Enrolment;
import dev.starling.enrol.EnrolmentException;
import dev.starling.enrol.LogWatch;
import dev.starling.enrol.SmimeIdentity;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.CrlStore;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `starling enrol`: proves an address and writes key and certificate to a file; run again, it renews.
@Command(
        name = "enrol",
        mixinStandardHelpOptions = true,
        description = {
            "Proves that an e-mail address is yours and writes key and certificate to a PKCS#12 file.",
            "Run again with the same file it renews the certificate for the same key, when two thirds of its time",
            "are over or the CA asks for it;",
            "without a mail while the proof of the address is good (90 days), so that it can be run by cron each day.",
            "What was interrupted goes on where it was. Each time, but not with --pkcs12, it looks in the logs of the CAs",
            "for certificates of your address that somebody else got; then it warns, and ends with 3. When a log could not",
            "be looked at, it says so and ends with 4: the certificate is good, and nothing is known."
        })
final class EnrolCommand implements Callable<Integer> {
    private static final int ALARM = 3, UNREAD = 4;

    @Parameters(
            arity = "0..1",
            description = "Your e-mail address; with --pkcs12 only when the certificate has several.")
    String address = "";

    @Option(
            names = "--pkcs12",
            description =
                    "PKCS#12 file with your S/MIME key: it certifies this device, no mail is sent. Its passphrase is"
                            + " asked for, or read from --passphrase-file or the variable STARLING_PASSPHRASE.")
    Optional<Path> pkcs12 = Optional.empty();

    @Option(names = "--passphrase-file", description = "File whose first line is the passphrase of --pkcs12.")
    Optional<Path> passphraseFile = Optional.empty();

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

    @Mixin
    AccountKeyOption account = new AccountKeyOption();

    @Mixin
    ReplyOptions mailbox = new ReplyOptions();

    @Option(names = "--renew", description = "Renew now, also when the certificate is good for long.")
    boolean renew;

    @Option(
            names = "--revoke-old",
            description =
                    "Afterwards withdraw the certificates of all other devices of this address, because they are lost"
                            + " or in foreign hands. This cannot be undone.")
    boolean revokeOld;

    @Override
    public Integer call() throws IOException {
        try {
            if (pkcs12.isPresent()) return certify(pkcs12.get());
            Address wanted = Address.parse(address);
            Path file = out.orElse(Path.of(wanted + ".p12"));
            if (Files.exists(file) && !renew) {
                var leaf = Keys.load(file).chain().getFirst();
                if (!isDue(leaf)) {
                    System.out.println("Still good until " + leaf.getNotAfter().toInstant()
                            + "; nothing was done (--renew renews it now).");
                    return watched(wanted, file);
                }
            }
            enrol(wanted, file);
            if (revokeOld)
                System.out.println(DevicesCommand.withdrawOthers(server, anchors, wanted, file)
                        + " other device(s) had their certificate withdrawn.");
            return watched(wanted, file);
        } catch (IdentityException e) {
            throw new IOException("Not an address that can be certified: " + e.reason() + ".", e);
        } catch (EnrolmentException e) {
            throw new IOException(AccountKeyOption.words(e), e);
        }
    }

    /// What the logs say is told, and is no success: so cron mails it. The certificate is good, or was got just now.
    private int watched(Address wanted, Path file) {
        var heard = new Heard();
        try {
            Enrolling.at(server, ca, anchors).watch(wanted, file, heard);
        } catch (IOException e) {
            heard.unread("The logs were not looked at: " + e.getMessage());
        }
        return heard.status;
    }

    /// Alarms count more than logs that were not looked at.
    private static final class Heard implements LogWatch.Ear {
        private int status;

        @Override
        public void alarm(String sentence) {
            System.err.println("WARNING: " + sentence);
            status = ALARM;
        }

        @Override
        public void unread(String sentence) {
            System.err.println(sentence);
            if (status == 0) status = UNREAD;
        }
    }

    /// As the CA says, where it can be asked.
    private boolean isDue(X509Certificate leaf) {
        if (Enrolment.isDue(leaf, Clock.systemUTC().instant())) return true;
        try {
            return Enrolling.at(server, ca, anchors).isDue(leaf);
        } catch (IOException e) {
            return false;
        }
    }

    /// By an S/MIME key that is there already.
    private int certify(Path source) throws IOException, IdentityException, EnrolmentException {
        Optional<Address> wanted = address.isEmpty() ? Optional.empty() : Optional.of(Address.parse(address));
        if (out.isEmpty() && wanted.isEmpty())
            throw new IOException("Name your address, or the file to write with --out.");
        Path file = out.orElseGet(() -> Path.of(address + ".p12"));
        if (Files.exists(file) && Files.isSameFile(file, source))
            throw new IOException("The key of this device needs a file of its own: name one with --out.");
        var believed = PeerOptions.anchors(anchors);
        if (believed.isEmpty())
            throw new IOException("No CA is believed: name that of your certificate with --anchor.");
        Clock clock = Clock.systemUTC();
        char[] passphrase = passphrase();
        try (var download = CrlDownload.of(false)) {
            var lists = new CrlStore(download, Runnable::run, clock);
            var verifier = new CertificateVerifier(TrustAnchors.limited(believed), false, lists);
            var held = new SmimeIdentity(verifier, clock).certify(source, passphrase, wanted, file);
            System.out.println("Certified until "
                    + held.chain().getFirst().getNotAfter().toInstant() + ". Key and certificates are in " + file
                    + ", the password beside it. Run it again before then.");
            return 0;
        } finally {
            java.util.Arrays.fill(passphrase, ' ');
        }
    }

    private char[] passphrase() throws IOException {
        if (passphraseFile.isPresent()) {
            String text = Files.readString(passphraseFile.get());
            return text.lines().findFirst().orElse("").toCharArray();
        }
        String inherited = System.getenv("STARLING_PASSPHRASE");
        if (inherited != null) return inherited.toCharArray();
        return Optional.ofNullable(System.console())
                .map(console -> console.readPassword("Passphrase of the PKCS#12 file: "))
                .orElseThrow(() -> new IOException("No passphrase was given: use --passphrase-file."));
    }

    private void enrol(Address wanted, Path file) throws IOException, EnrolmentException {
        var reply = mailbox.way(wanted);
        var enrolling = Enrolling.at(server, ca, anchors).by(account.key());
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var held =
                reply.isPresent() ? enrolling.enrol(wanted, file, reply.get()) : enrolling.enrol(wanted, file, input);
        System.out.println(
                "Certified until " + held.chain().getFirst().getNotAfter().toInstant() + ". Key and certificate are in "
                        + file + ", the password beside it.");
    }
}
