package dev.starling.cli;

import dev.starling.identity.Keys;
import java.io.IOException;
import java.io.StringReader;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMException;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.jspecify.annotations.Nullable;

/// The certificate by which browsers know this server, which may change while it runs: new connections get the newest.
final class WebTls {
    private static final int MAX_FILE_BYTES = 1 << 20;

    private final AtomicReference<Served> now;
    private final SSLContext context;

    /// A handshake asks for the certificate and then for the key, by alias: both of one pair, also when another comes
    /// between.
    private record Served(String alias, Keys.Held held, Optional<Served> before) {
        Optional<Keys.Held> of(String asked) {
            return asked.equals(alias) ? Optional.of(held) : before.flatMap(former -> former.of(asked));
        }
    }

    WebTls(Keys.Held first) throws IOException {
        now = new AtomicReference<>(new Served("web0", first, Optional.empty()));
        try {
            context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {new Newest()}, new TrustManager[0], null);
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS", e);
        }
    }

    SSLContext context() {
        return context;
    }

    List<X509Certificate> chain() {
        return now.get().held.chain();
    }

    X509Certificate leaf() {
        return chain().getFirst();
    }

    void serve(Keys.Held held) {
        var before = now.get();
        String alias = "web" + (Integer.parseInt(before.alias.substring(3)) + 1);
        now.set(new Served(alias, held, Optional.of(new Served(before.alias, before.held, Optional.empty()))));
    }

    /// Reads PEM: certificates, leaf first, and a private key that is not encrypted and is that of the leaf.
    static Keys.Held read(Path certificates, Path key) throws IOException {
        var chain = new ArrayList<X509Certificate>();
        PrivateKey held = null;
        for (Object each : objects(certificates))
            if (each instanceof X509CertificateHolder holder) chain.add(certificate(holder, certificates));
        for (Object each : objects(key)) {
            if (each instanceof PEMKeyPair pair) held = key(pair.getPrivateKeyInfo(), key);
            if (each instanceof PrivateKeyInfo info) held = key(info, key);
        }
        if (chain.isEmpty()) throw new IOException("no certificate in PEM form: " + certificates);
        if (held == null) throw new IOException("no private key in PEM form without a passphrase: " + key);
        if (!belong(chain.getFirst(), held))
            throw new IOException("the key in " + key + " is not that of the certificate in " + certificates);
        return new Keys.Held(held, chain);
    }

    private static List<Object> objects(Path file) throws IOException {
        if (Files.size(file) > MAX_FILE_BYTES) throw new IOException("too large: " + file);
        var all = new ArrayList<Object>();
        try (var pem = new PEMParser(new StringReader(Files.readString(file)))) {
            for (Object each = pem.readObject(); each != null; each = pem.readObject()) all.add(each);
        } catch (PEMException | IllegalArgumentException e) {
            throw new IOException("cannot be read as PEM: " + file, e);
        }
        return all;
    }

    private static X509Certificate certificate(X509CertificateHolder holder, Path file) throws IOException {
        try {
            return new JcaX509CertificateConverter().getCertificate(holder);
        } catch (GeneralSecurityException e) {
            throw new IOException("a certificate that cannot be read: " + file, e);
        }
    }

    private static PrivateKey key(PrivateKeyInfo info, Path file) throws IOException {
        try {
            return new JcaPEMKeyConverter().getPrivateKey(info);
        } catch (PEMException e) {
            throw new IOException("a private key that cannot be read: " + file, e);
        }
    }

    private static boolean belong(X509Certificate leaf, PrivateKey key) throws IOException {
        String algorithm = key.getAlgorithm().equals("RSA")
                ? "SHA256withRSA"
                : key.getAlgorithm().startsWith("Ed") ? key.getAlgorithm() : "SHA256withECDSA";
        try {
            byte[] probe = {1};
            var signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(probe);
            byte[] signed = signature.sign();
            signature.initVerify(leaf.getPublicKey());
            signature.update(probe);
            return signature.verify(signed);
        } catch (java.security.InvalidKeyException | java.security.SignatureException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IOException("a key of a kind that is not known: " + key.getAlgorithm(), e);
        }
    }

    /// Shows the newest to whoever can use a key of its kind.
    private final class Newest extends X509ExtendedKeyManager {
        private @Nullable String alias(String type) {
            String ours = leaf().getPublicKey().getAlgorithm();
            return type.equals(ours) || type.startsWith(ours + "_") || type.equals("EdDSA") && ours.startsWith("Ed")
                    ? now.get().alias
                    : null;
        }

        @Override
        public @Nullable String chooseEngineServerAlias(String type, Principal[] issuers, SSLEngine engine) {
            return alias(type);
        }

        @Override
        public @Nullable String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return alias(type);
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return new String[] {now.get().alias};
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            return now.get()
                    .of(alias)
                    .map(held -> held.chain().toArray(X509Certificate[]::new))
                    .orElse(null);
        }

        @Override
        public @Nullable PrivateKey getPrivateKey(String alias) {
            return now.get().of(alias).map(Keys.Held::key).orElse(null);
        }

        @Override
        public @Nullable String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return null;
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return new String[0];
        }
    }
}
