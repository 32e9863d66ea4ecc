package dev.starling.ca.issuance;

import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.PublicKey;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x500.X500Name;

/// A token that keeps keys and signs with them (PKCS#11), by the JDK's SunPKCS11. A key never leaves it: one that could
/// is refused. The certificates of its keys lie in the CA's folder; beside a key in the token is a certificate by
/// itself,
/// because Java finds a key by that, and it is never shown to anybody.
public final class Token {
    // Whatever the operator's file says: for keys that are made here.
    private static final String KEPT =
            "\nattributes(generate,CKO_PRIVATE_KEY,CKK_EC) = { CKA_SENSITIVE = true CKA_EXTRACTABLE = false CKA_SIGN = true }\n";
    private static final Duration PLACEHOLDER = Duration.ofDays(36_500);
    private static final int MAX_CONFIG_BYTES = 16 * 1024;

    private final Provider provider;
    private final KeyStore store;

    private Token(Provider provider, KeyStore store) {
        this.provider = provider;
        this.store = store;
    }

    /// @param config of SunPKCS11: `name`, `library`, and `slot` or `slotListIndex`
    /// @param pin is written over
    public static Token open(Path config, char[] pin) throws IOException {
        if (!Files.isRegularFile(config) || Files.size(config) > MAX_CONFIG_BYTES)
            throw new IOException("There is no configuration of a token in " + config + ".");
        try {
            String text = Files.readString(config, StandardCharsets.UTF_8);
            Provider made = Security.getProvider("SunPKCS11").configure("--" + text + KEPT);
            Optional<Provider> known = Optional.ofNullable(Security.getProvider(made.getName()));
            KeyStore store = KeyStore.getInstance("PKCS11", made);
            store.load(null, pin);
            // So that Signature finds who can use its keys. Last, so that nothing else is done in the token.
            known.ifPresent(old -> Security.removeProvider(old.getName()));
            Security.addProvider(made);
            return new Token(made, store);
        } catch (GeneralSecurityException | ProviderException | IOException e) {
            // What the library says names slots and libraries, never the PIN.
            throw new IOException("The token of " + config + " cannot be opened: " + root(e).getMessage(), e);
        } finally {
            Arrays.fill(pin, '\0');
        }
    }

    private static Throwable root(Throwable e) {
        Throwable at = e;
        for (Throwable next = at.getCause(); next != null; next = at.getCause()) at = next;
        return at;
    }

    /// A new P-256 key in the token.
    KeyPair generate(Clock clock) throws IOException {
        try {
            var generator = KeyPairGenerator.getInstance("EC", provider);
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair key = generator.generateKeyPair();
            checkKept(key.getPrivate());
            X509Certificate own = CaCertificate.plain(
                            new X500Name("CN=Starling key"),
                            key.getPublic(),
                            0,
                            clock.instant(),
                            clock.instant().plus(PLACEHOLDER))
                    .selfSigned(key.getPrivate());
            store.setKeyEntry(
                    "starling-" + own.getSerialNumber().toString(16).substring(0, 16),
                    key.getPrivate(),
                    null,
                    new X509Certificate[] {own});
            return new KeyPair(key.getPublic(), find(key.getPublic()));
        } catch (GeneralSecurityException | ProviderException e) {
            throw new IOException("The token made no key: " + root(e).getMessage(), e);
        }
    }

    /// The key that belongs to a certificate.
    PrivateKey find(PublicKey key) throws IOException {
        try {
            for (String alias : Collections.list(store.aliases())) {
                var beside = store.getCertificate(alias);
                if (beside != null
                        && Arrays.equals(beside.getPublicKey().getEncoded(), key.getEncoded())
                        && store.getKey(alias, null) instanceof PrivateKey found) {
                    checkKept(found);
                    return found;
                }
            }
        } catch (GeneralSecurityException | ProviderException e) {
            throw new IOException("The token cannot be read: " + root(e).getMessage(), e);
        }
        throw new IOException("The token has no key for this certificate.");
    }

    // Java sees of a key either its bytes, or that it may not see them.
    private static void checkKept(PrivateKey key) throws IOException {
        if (key.getEncoded() != null)
            throw new IOException("The token gives the key away (CKA_EXTRACTABLE); it is of no use.");
    }

    /// With its certificate.
    Keys.Held held(X509Certificate certificate) throws IOException {
        return new Keys.Held(find(certificate.getPublicKey()), List.of(certificate));
    }
}
