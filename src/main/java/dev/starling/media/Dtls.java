package dev.starling.media;

import dev.starling.sdp.Fingerprint;
import java.io.IOException;
import java.util.Hashtable;
import java.util.Vector;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.Certificate;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.ClientCertificateType;
import org.bouncycastle.tls.DTLSClientProtocol;
import org.bouncycastle.tls.DTLSServerProtocol;
import org.bouncycastle.tls.DTLSTransport;
import org.bouncycastle.tls.DatagramTransport;
import org.bouncycastle.tls.DefaultTlsClient;
import org.bouncycastle.tls.DefaultTlsServer;
import org.bouncycastle.tls.ExporterLabel;
import org.bouncycastle.tls.HashAlgorithm;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.SRTPProtectionProfile;
import org.bouncycastle.tls.SignatureAlgorithm;
import org.bouncycastle.tls.SignatureAndHashAlgorithm;
import org.bouncycastle.tls.TlsAuthentication;
import org.bouncycastle.tls.TlsContext;
import org.bouncycastle.tls.TlsCredentialedSigner;
import org.bouncycastle.tls.TlsCredentials;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsSRTPUtils;
import org.bouncycastle.tls.TlsServerCertificate;
import org.bouncycastle.tls.TlsUtils;
import org.bouncycastle.tls.UseSRTPData;
import org.bouncycastle.tls.crypto.TlsCertificate;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.bouncycastle.tls.crypto.impl.bc.BcDefaultTlsCredentialedSigner;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCrypto;

/// The handshake that gives SRTP its keys: RFC 5764, with DTLS 1.2 and the one profile that everybody has. Both sides
/// show a certificate, and ours looks only at whether it is the one that the description promised. Blocks.
final class Dtls {
    private static final int[] SUITES = {
        CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    };
    private static final int PROFILE = SRTPProtectionProfile.SRTP_AES128_CM_HMAC_SHA1_80;
    private static final int MATERIAL_BYTES = 2 * (SrtpKeys.KEY_BYTES + SrtpKeys.SALT_BYTES);

    /// What was agreed. transport: wants to be read on, for the other side's repeated last flight and its goodbye
    record Done(SrtpKeys ours, SrtpKeys theirs, DTLSTransport transport) {}

    /// The certificate is not the one that the description promised.
    static final class WrongFingerprint extends IOException {
        private static final long serialVersionUID = 1;
    }

    private final BcTlsCrypto crypto = new BcTlsCrypto();
    private final DtlsIdentity identity;
    private final Fingerprint expected;
    private final int timeoutMillis;
    private byte[] material = {};
    private boolean isWrong;

    Dtls(DtlsIdentity identity, Fingerprint expected, int timeoutMillis) {
        this.identity = identity;
        this.expected = expected;
        this.timeoutMillis = timeoutMillis;
    }

    Done connect(DatagramTransport transport) throws IOException {
        try {
            return done(true, new DTLSClientProtocol().connect(new Client(), transport));
        } catch (IOException e) {
            throw isWrong ? new WrongFingerprint() : e;
        }
    }

    Done accept(DatagramTransport transport) throws IOException {
        try {
            return done(false, new DTLSServerProtocol().accept(new Server(), transport));
        } catch (IOException e) {
            throw isWrong ? new WrongFingerprint() : e;
        }
    }

    private Done done(boolean isClient, DTLSTransport transport) {
        return new Done(SrtpKeys.exported(material, isClient), SrtpKeys.exported(material, !isClient), transport);
    }

    private void check(Certificate chain) throws IOException {
        if (!chain.isEmpty() && expected.matches(chain.getCertificateAt(0).getEncoded())) return;
        isWrong = true;
        throw new TlsFatalAlert(AlertDescription.bad_certificate);
    }

    /// RFC 5764, section 4.1.1: exactly the profile that both have, and no MKI.
    private static void check(UseSRTPData chosen, boolean isOffer) throws IOException {
        boolean isThere = false;
        if (chosen != null) for (int each : chosen.getProtectionProfiles()) isThere |= each == PROFILE;
        if (!isThere || !isOffer && (chosen.getProtectionProfiles().length != 1 || chosen.getMki().length != 0))
            throw new TlsFatalAlert(AlertDescription.handshake_failure);
    }

    @SuppressWarnings("JdkObsolete") // The library asks for one.
    private static Hashtable<Integer, byte[]> withSrtp(Hashtable<Integer, byte[]> extensions) throws IOException {
        Hashtable<Integer, byte[]> all = extensions == null ? new Hashtable<>() : extensions;
        TlsSRTPUtils.addUseSRTPExtension(all, new UseSRTPData(new int[] {PROFILE}, TlsUtils.EMPTY_BYTES));
        return all;
    }

    private TlsCredentialedSigner signer(TlsContext context) throws IOException {
        TlsCertificate[] chain = {crypto.createCertificate(identity.certificate())};
        return new BcDefaultTlsCredentialedSigner(
                new TlsCryptoParameters(context),
                crypto,
                PrivateKeyFactory.createKey(identity.key().getEncoded()),
                new Certificate(chain),
                SignatureAndHashAlgorithm.getInstance(HashAlgorithm.sha256, SignatureAlgorithm.ecdsa));
    }

    /// Only while the handshake ends can the material be had.
    private void export(TlsContext context) {
        material = context.exportKeyingMaterial(ExporterLabel.dtls_srtp, null, MATERIAL_BYTES);
    }

    private final class Client extends DefaultTlsClient implements TlsAuthentication {
        Client() {
            super(Dtls.this.crypto);
        }

        @Override
        protected ProtocolVersion[] getSupportedVersions() {
            return ProtocolVersion.DTLSv12.only();
        }

        @Override
        protected int[] getSupportedCipherSuites() {
            return SUITES.clone();
        }

        @Override
        public int getHandshakeTimeoutMillis() {
            return timeoutMillis;
        }

        @Override
        @SuppressWarnings("unchecked")
        public Hashtable<Integer, byte[]> getClientExtensions() throws IOException {
            return withSrtp((Hashtable<Integer, byte[]>) super.getClientExtensions());
        }

        @Override
        @SuppressWarnings("rawtypes")
        public void processServerExtensions(Hashtable extensions) throws IOException {
            super.processServerExtensions(extensions);
            check(TlsSRTPUtils.getUseSRTPExtension(extensions), false);
        }

        @Override
        public TlsAuthentication getAuthentication() {
            return this;
        }

        @Override
        public void notifyServerCertificate(TlsServerCertificate server) throws IOException {
            check(server.getCertificate());
        }

        @Override
        public TlsCredentials getClientCredentials(CertificateRequest request) throws IOException {
            return signer(context);
        }

        @Override
        public void notifyHandshakeComplete() throws IOException {
            super.notifyHandshakeComplete();
            export(context);
        }
    }

    private final class Server extends DefaultTlsServer {
        Server() {
            super(Dtls.this.crypto);
        }

        @Override
        protected ProtocolVersion[] getSupportedVersions() {
            return ProtocolVersion.DTLSv12.only();
        }

        @Override
        protected int[] getSupportedCipherSuites() {
            return SUITES.clone();
        }

        @Override
        public int getHandshakeTimeoutMillis() {
            return timeoutMillis;
        }

        @Override
        protected TlsCredentialedSigner getECDSASignerCredentials() throws IOException {
            return signer(context);
        }

        @Override
        @SuppressWarnings("rawtypes")
        public void processClientExtensions(Hashtable extensions) throws IOException {
            super.processClientExtensions(extensions);
            check(TlsSRTPUtils.getUseSRTPExtension(extensions), true);
        }

        @Override
        @SuppressWarnings("unchecked")
        public Hashtable<Integer, byte[]> getServerExtensions() throws IOException {
            return withSrtp((Hashtable<Integer, byte[]>) super.getServerExtensions());
        }

        @Override
        public CertificateRequest getCertificateRequest() {
            Vector<?> algorithms = TlsUtils.getDefaultSupportedSignatureAlgorithms(context);
            short[] kinds = {ClientCertificateType.ecdsa_sign, ClientCertificateType.rsa_sign};
            return new CertificateRequest(kinds, algorithms, null);
        }

        @Override
        public void notifyClientCertificate(Certificate chain) throws IOException {
            check(chain);
        }

        @Override
        public void notifyHandshakeComplete() throws IOException {
            super.notifyHandshakeComplete();
            export(context);
        }
    }
}
