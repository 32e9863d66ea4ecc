package dev.starling.cms;

import dev.starling.Vectors;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Map;

/// The people of cms.json, whose keys were made for it.
@org.jspecify.annotations.NullUnmarked
record People(Address address, Keys.Held held) {
    static People of(Map<String, Object> vectors, String name) throws Exception {
        @SuppressWarnings("unchecked")
        var told = (Map<String, Object>) vectors.get(name);
        var chain = new ArrayList<X509Certificate>();
        for (byte[] der : Vectors.allBase64(told.get("chain"))) chain.add(Keys.certificate(der));
        return new People(
                Address.parse(Vectors.text(told, "address")),
                new Keys.Held(key(Vectors.base64(told.get("pkcs8"))), chain));
    }

    private static PrivateKey key(byte[] pkcs8) throws GeneralSecurityException {
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    }

    DeviceId device() {
        return held.id();
    }

    Body.Us us() {
        return new Body.Us(held.key(), address, held.id());
    }
}
