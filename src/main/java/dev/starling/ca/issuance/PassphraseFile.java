package dev.starling.ca.issuance;

import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.DERBMPString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.PKCS12PfxPduBuilder;
import org.bouncycastle.pkcs.PKCS12SafeBag;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS12SafeBagBuilder;
import org.bouncycastle.pkcs.jcajce.JcePKCS12MacCalculatorBuilder;
import org.bouncycastle.pkcs.jcajce.JcePKCSPBEOutputEncryptorBuilder;

/// A key in PKCS#12 (RFC 7292) under a passphrase that people remember. The JDK's own writer takes 10,000 rounds; here
/// each guess costs 600,000, for the key and for the MAC, of which one alone would let the other be guessed.
final class PassphraseFile {
    private static final String ALIAS = "starling";
    private static final int ROUNDS = 600_000;
    private static final long MAX_BYTES = 64 * 1024;

    private PassphraseFile() {}

    static void write(Path file, Keys.Held held, char[] passphrase) throws IOException {
        try {
            var provider = new BouncyCastleProvider();
            var id = new JcaX509ExtensionUtils().createSubjectKeyIdentifier(held.publicKey());
            var sealed = new JcePKCSPBEOutputEncryptorBuilder(NISTObjectIdentifiers.id_aes256_CBC)
                    .setPRF(new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE))
                    .setIterationCount(ROUNDS)
                    .setProvider(provider)
                    .build(passphrase);
            var key = new JcaPKCS12SafeBagBuilder(held.key(), sealed)
                    .addBagAttribute(PKCS12SafeBag.friendlyNameAttribute, new DERBMPString(ALIAS))
                    .addBagAttribute(PKCS12SafeBag.localKeyIdAttribute, id);
            var certificate = new JcaPKCS12SafeBagBuilder(held.chain().getFirst())
                    .addBagAttribute(PKCS12SafeBag.friendlyNameAttribute, new DERBMPString(ALIAS))
                    .addBagAttribute(PKCS12SafeBag.localKeyIdAttribute, id);
            var mac = new JcePKCS12MacCalculatorBuilder(NISTObjectIdentifiers.id_sha256)
                    .setIterationCount(ROUNDS)
                    .setProvider(provider);
            byte[] bytes = new PKCS12PfxPduBuilder()
                    .addData(key.build())
                    .addData(certificate.build())
                    .build(mac, passphrase)
                    .getEncoded(ASN1Encoding.DER);
            Keys.writeOwnerOnly(file, bytes);
        } catch (GeneralSecurityException | OperatorCreationException | PKCSException e) {
            throw new IOException("The key could not be written to " + file + ".", e);
        }
    }

    /// Also one that [Keys#save] wrote.
    static Keys.Held load(Path file, char[] passphrase) throws IOException {
        if (!Files.exists(file)) throw new IOException("There is no key file " + file + ".");
        if (Files.size(file) > MAX_BYTES) throw new IOException(file + " is too long for a key file.");
        try (var in = Files.newInputStream(file)) {
            var store = KeyStore.getInstance("PKCS12");
            store.load(in, passphrase);
            if (store.getKey(ALIAS, passphrase) instanceof PrivateKey key
                    && store.getCertificate(ALIAS) instanceof X509Certificate certificate)
                return new Keys.Held(key, List.of(certificate));
        } catch (GeneralSecurityException | IOException e) {
            throw new IOException("The passphrase does not open " + file + ", or the file is damaged.", e);
        }
        throw new IOException(file + " holds no key of ours.");
    }
}
