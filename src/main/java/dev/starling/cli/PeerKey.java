package dev.starling.cli;

import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.math.BigInteger;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A peer's own key with its self-signed certificate, and the TLS that shows it.
final class PeerKey {
    private static final int SECRET_BYTES = 32;

    private PeerKey() {}

    static Keys.Held loadOrMake(Path file, Clock clock) throws IOException {
        if (Files.exists(file)) return Keys.load(file);
        var pair = Keys.generate();
        var name = new X500Name("CN=Starling peer "
                + DeviceId.ofKey(pair.getPublic().getEncoded()).hex().substring(0, 16));
        var from = clock.instant().minus(Duration.ofDays(1));
        var builder = new JcaX509v3CertificateBuilder(
                name,
                new BigInteger(127, new SecureRandom()),
                Date.from(from),
                Date.from(from.plus(Duration.ofDays(7300))),
                name,
                pair.getPublic());
        try {
            var certificate = new JcaX509CertificateConverter()
                    .getCertificate(
                            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate())));
            var held = new Keys.Held(pair.getPrivate(), List.of(certificate));
            Keys.save(file, held);
            return held;
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("cannot make the peer's key", e);
        }
    }

    /// 32 random bytes, the same after a restart.
    static byte[] secret(Path file) throws IOException {
        if (!Files.exists(file)) {
            byte[] random = new byte[SECRET_BYTES];
            new SecureRandom().nextBytes(random);
            Keys.writeOwnerOnly(file, random);
        }
        return Files.readAllBytes(file);
    }

    /// Shows our key and takes any P-256 key of the other side: who that is, is compared with the pin afterwards,
    /// before anything is sent.
    static SSLContext tls(Keys.Held key) throws IOException {
        try {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("peer", key.key(), new char[0], key.chain().toArray(X509Certificate[]::new));
            var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, new char[0]);
            var context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), new TrustManager[] {new AnyP256()}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS", e);
        }
    }

    private static final class AnyP256 extends X509ExtendedTrustManager {
        private static void check(X509Certificate[] chain) throws CertificateException {
            try {
                if (chain.length == 0) throw new CertificateException("no certificate");
                Keys.p256(chain[0].getPublicKey().getEncoded());
            } catch (dev.starling.identity.IdentityException e) {
                throw new CertificateException(e.reason());
            }
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            check(chain);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
