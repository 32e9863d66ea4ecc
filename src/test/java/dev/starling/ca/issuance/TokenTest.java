package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The issuing key in a token (PKCS#11): Debian's SoftHSM 2.
class TokenTest {
    @TempDir
    Path folder;

    private Ceremony.Said in(SoftHsm hsm, String what, Path pin) throws Exception {
        return hsm.java(InToken.class, what, folder.toString(), hsm.config.toString(), pin.toString());
    }

    private Ceremony.Said openssl(String leaf) throws Exception {
        return Ceremony.run(
                "openssl",
                "verify",
                "-x509_strict",
                "-CAfile",
                folder.resolve("offline").resolve("root.pem").toString(),
                "-untrusted",
                folder.resolve("issuing.pem").toString(),
                folder.resolve(leaf).toString());
    }

    @Test
    void certificateAndListAreSignedInTheTokenAndTheKeyNeverLeavesIt() throws Exception {
        var hsm = new SoftHsm(folder);
        var whole = in(hsm, "whole", hsm.pin);
        assertEquals(0, whole.exit(), whole::text);
        assertTrue(whole.text().contains("key sun.security.pkcs11."), whole::text);
        // No key is beside it, and the certificates that are there hold none.
        try (var files = Files.list(folder.resolve("online"))) {
            assertEquals(
                    java.util.List.of("issuing.pem", "root.pem"),
                    files.map(each -> each.getFileName().toString()).sorted().toList());
        }
        // Another process, and the token opened anew.
        var issue = in(hsm, "issue", hsm.pin);
        assertEquals(0, issue.exit(), issue::text);
        var said = openssl("leaf.pem");
        assertEquals(0, said.exit(), said::text);
        assertTrue(openssl("outside.pem").text().contains("permitted subtree violation"));
        said = Ceremony.run(
                "openssl",
                "crl",
                "-inform",
                "DER",
                "-in",
                folder.resolve("list.crl").toString(),
                "-noout",
                "-CAfile",
                folder.resolve("issuing.pem").toString());
        assertTrue(said.text().contains("verify OK"), said::text);
        for (var each : java.util.List.of(whole, issue)) assertFalse(each.text().contains(SoftHsm.PIN));
    }

    @Test
    void aWrongPinIsSaidAndNotShown() throws Exception {
        var hsm = new SoftHsm(folder);
        Path wrong = Files.writeString(folder.resolve("wrong"), "99887766");
        var said = in(hsm, "whole", wrong);
        assertTrue(said.exit() != 0 && said.text().contains("cannot be opened"), said::text);
        assertTrue(said.text().contains("CKR_PIN_INCORRECT"), said::text);
        assertFalse(said.text().contains("99887766"), said::text);
    }
}
