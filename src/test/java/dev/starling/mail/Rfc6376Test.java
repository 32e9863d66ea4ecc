package dev.starling.mail;

import static dev.starling.mail.Mails.BLOCK;
import static dev.starling.mail.Mails.BOB;
import static dev.starling.mail.Mails.HEAD;
import static dev.starling.mail.Mails.KEY_TXT;
import static dev.starling.mail.Mails.PLAIN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.mail.Mails.Signing;
import java.io.IOException;
import java.security.KeyPair;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 6376 with RFC 8301 and RFC 8463: which signature of a mail makes its sender believed.
class Rfc6376Test {
    private static final KeyPair SMALL = Mails.rsa(768), WEAK = Mails.rsa(1024);
    private static final String AT = "sel._domainkey.example.net";
    private final Mails.Keys keys = new Mails.Keys();

    private DkimVerifier.Pass verify(DkimPolicy policy, String mail) throws Exception {
        return new DkimVerifier(keys, policy, () -> Mails.NOW).verify(RawMail.cut(mail), BOB);
    }

    private DkimVerifier.Pass good(String mail) throws Exception {
        return verify(DkimPolicy.PRACTICAL, mail);
    }

    private void refused(Reason reason, String mail) {
        assertEquals(
                reason,
                assertThrows(MailRefused.class, () -> verify(DkimPolicy.PRACTICAL, mail))
                        .reason());
    }

    private void key(String... records) {
        keys.txt.put(AT, List.of(records));
    }

    @Test
    void aSignatureOfTheDomainOfTheSenderIsBelieved() throws Exception {
        var pass = good(Mails.signed(PLAIN));
        assertEquals("example.net", pass.signature().domain());
        assertEquals("sel", pass.signature().selector());
        assertEquals(KEY_TXT, pass.key().txt());
        assertTrue(pass.key().authentic());
        assertFalse(pass.key().weak());
        verify(DkimPolicy.STRICT, Mails.signed(PLAIN));
    }

    // Section 3.4.
    @ParameterizedTest
    @ValueSource(strings = {"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"})
    void eachFormToleratesWhatItShould(String forms) throws Exception {
        String mail = Signing.GOOD.c(forms).sign(PLAIN);
        good(mail);
        good(mail + "\r\n\r\n");
        String respaced = mail.replace("Subject: ", "SUBJECT:\r\n \t").replace("you are:", "you \tare: ");
        if (forms.equals("relaxed/relaxed")) good(respaced);
        else refused(forms.endsWith("/simple") ? Reason.DKIM_BODY : Reason.DKIM_SIGNATURE, respaced);
    }

    @Test
    void anEmptyBodyHasItsOwnHash() {
        byte[] empty = new byte[0], blank = Mails.bytes(" \r\n\r\n");
        assertEquals("\r\n", Mails.text(DkimCanonical.SIMPLE.body(empty)));
        assertEquals("", Mails.text(DkimCanonical.RELAXED.body(empty)));
        assertEquals("", Mails.text(DkimCanonical.RELAXED.body(blank)));
        // The examples of section 3.4.5.
        assertEquals(" C\r\nD E\r\n", Mails.text(DkimCanonical.RELAXED.body(Mails.bytes(" C \r\nD \t E\r\n\r\n\r\n"))));
        assertEquals(
                " C \r\nD \t E\r\n", Mails.text(DkimCanonical.SIMPLE.body(Mails.bytes(" C \r\nD \t E\r\n\r\n\r\n"))));
        assertEquals("a:X\r\n", DkimCanonical.RELAXED.field("A: X\r\n"));
        assertEquals("b:Y Z\r\n", DkimCanonical.RELAXED.field("B : Y\t\r\n\tZ  \r\n"));
    }

    @Test
    void whatWasChangedIsRefused() {
        String mail = Mails.signed(PLAIN);
        refused(Reason.DKIM_BODY, mail.replace("Here", "There"));
        refused(Reason.DKIM_BODY, mail + "more\r\n");
        refused(Reason.DKIM_SIGNATURE, mail.replace("Mon, 30", "Mon, 29"));
        refused(Reason.DKIM_SIGNATURE, mail.replace("Re: ACME", "ACME"));
        refused(Reason.DKIM_SIGNATURE, mail.replace("s=sel;", "s=sel; z=x;"));
        refused(Reason.DKIM_NONE, PLAIN);
    }

    @Test
    void aSecondFieldOfANameIsNotSmuggledIn() {
        // Listed once, the last one counts: the first one would be read and not verified.
        String once = Signing.GOOD.h("from:to:subject:date:message-id").sign(PLAIN);
        refused(Reason.FROM_SEVERAL, "From: eve@example.net\r\n" + once);
        refused(Reason.FROM_SEVERAL, once.replace("To:", "FROM: eve@example.net\r\nTo:"));
        // And what reads a mail refuses all others that stand twice.
        assertEquals(
                Reason.HEADER_TWICE,
                assertThrows(
                                MailRefused.class,
                                () -> RawMail.cut("Subject: ACME: x\r\n" + once).one("subject"))
                        .reason());
    }

    // Section 5.4.2.
    @Test
    void fieldsOfOneNameAreSignedFromTheLast() throws Exception {
        String mail = Signing.GOOD
                .h(Mails.ALL + ":received:received:received")
                .sign("Received: a\r\nReceived: b\r\n" + PLAIN);
        good(mail);
        refused(Reason.DKIM_SIGNATURE, mail.replace("Received: a\r\nReceived: b", "Received: b\r\nReceived: a"));
        refused(Reason.DKIM_SIGNATURE, "Received: c\r\n" + mail);
    }

    @Test
    void aSignatureOfAnotherDomainIsNotEnough() {
        keys.txt.put("sel._domainkey.net", List.of(KEY_TXT));
        keys.txt.put("sel._domainkey.mail.example.net", List.of(KEY_TXT));
        keys.txt.put("sel._domainkey.evil.test", List.of(KEY_TXT));
        for (String domain : new String[] {"net", "mail.example.net", "evil.test", "xample.net"})
            refused(Reason.DKIM_OTHER_DOMAIN, Signing.GOOD.d(domain).sign(PLAIN));
        assertEquals(0, keys.asked);
    }

    @Test
    void oneGoodSignatureAmongOthersIsEnough() throws Exception {
        String other = Signing.GOOD.d("evil.test").sign(Mails.signed(PLAIN));
        good(other);
        good("DKIM-Signature: rubbish\r\n" + other);
        good(Signing.GOOD.d("list.test").sign(other).replaceFirst("b=....", "b=AAAA"));
    }

    @Test
    void theReasonIsThatOfTheDomainsOwnSignature() {
        String expired = Signing.GOOD.more(" x=1;").sign(PLAIN);
        String foreign = Signing.GOOD.d("evil.test").sign(expired).replaceFirst("rsa-sha256", "rsa-sha1");
        refused(Reason.DKIM_EXPIRED, "DKIM-Signature: rubbish\r\n" + foreign);
        refused(
                Reason.DKIM_SYNTAX,
                "DKIM-Signature: rubbish\r\n" + Signing.GOOD.d("evil.test").sign(PLAIN));
    }

    @Test
    void aSignatureMayCoverAnotherButNotItself() throws Exception {
        String mail = Signing.GOOD
                .h(Mails.ALL + ":dkim-signature:dkim-signature")
                .sign(Signing.GOOD.d("evil.test").sign(PLAIN));
        good(mail);
        refused(Reason.DKIM_SIGNATURE, mail.replace("d=evil.test", "d=evil2.test"));
    }

    @Test
    void onlyFiveSignaturesAreLookedAt() throws Exception {
        String mail = Mails.signed(PLAIN);
        // Each of them is of the domain and whole, but for the value.
        String wrong = mail.substring(0, mail.indexOf("From:")).replaceFirst("b=....", "b=AAAA");
        good(wrong.repeat(4) + mail);
        assertEquals(5, keys.asked);
        keys.asked = 0;
        refused(Reason.DKIM_SIGNATURE, wrong.repeat(5) + mail);
        assertEquals(5, keys.asked);
    }

    @Test
    void aSignatureOfAPartOfTheBodyIsRefused() {
        String whole = Signing.GOOD
                .more(" l=" + (PLAIN.length() - PLAIN.indexOf("\r\n\r\n") - 4) + ";")
                .sign(PLAIN);
        refused(Reason.DKIM_LENGTH, whole);
        refused(Reason.DKIM_LENGTH, Signing.GOOD.more(" l=0;").sign(HEAD + "\r\n") + BLOCK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"from", "to", "subject", "date"})
    void whatIsDecidedOnMustBeSigned(String name) {
        String without = ("x:" + Mails.ALL + ":").replace(":" + name + ":", ":").replaceFirst(":$", "");
        refused(Reason.DKIM_HEADERS, Signing.GOOD.h(without).sign(PLAIN));
    }

    @ParameterizedTest
    @EnumSource(
            value = DkimPolicy.class,
            names = {"STRICT", "CHALLENGE"})
    void eachFieldOfTheListMustBeSignedAlsoWhereItIsAbsent(DkimPolicy policy) throws Exception {
        String all = String.join(":", policy.headers());
        RawMail whole = RawMail.cut(Signing.GOOD.h(all).sign(PLAIN));
        var verifier = new DkimVerifier(keys, policy, () -> Mails.NOW);
        var _ = verifier.verify(whole, BOB);
        for (String name : policy.headers()) {
            String without = (":" + all + ":").replace(":" + name + ":", ":").replaceAll("^:|:$", "");
            RawMail mail = RawMail.cut(Signing.GOOD.h(without).sign(PLAIN));
            assertEquals(
                    Reason.DKIM_HEADERS,
                    assertThrows(MailRefused.class, () -> verifier.verify(mail, BOB))
                            .reason(),
                    name);
            if (!whole.all(name).isEmpty()) continue;
            // Nobody can add it on the way.
            RawMail added = RawMail.cut(name + ": x\r\n" + Signing.GOOD.h(all).sign(PLAIN));
            assertEquals(
                    Reason.DKIM_SIGNATURE,
                    assertThrows(MailRefused.class, () -> verifier.verify(added, BOB))
                            .reason(),
                    name);
        }
    }

    @Test
    void theStrictPolicyWantsTheWholeListOfRfc8823() throws Exception {
        String gmail =
                "from:from:to:to:cc:cc:subject:subject:date:message-id:reply-to:mime-version:in-reply-to:references";
        String mail = Signing.GOOD.h(gmail).sign(PLAIN);
        good(mail);
        assertEquals(
                Reason.DKIM_HEADERS,
                assertThrows(MailRefused.class, () -> verify(DkimPolicy.STRICT, mail))
                        .reason());
        // What is listed and absent cannot be added.
        refused(Reason.DKIM_SIGNATURE, "Sender: eve@example.net\r\n" + Mails.signed(PLAIN));
    }

    // Section 3.5.
    @Test
    void timesAreKept() throws Exception {
        long now = Mails.NOW.getEpochSecond();
        good(Signing.GOOD
                .more(" t=" + (now - 60) + "; x=" + (now + 604_800) + ";")
                .sign(PLAIN));
        good(Signing.GOOD.more(" t=" + (now + 60) + ";").sign(PLAIN));
        refused(
                Reason.DKIM_EXPIRED,
                Signing.GOOD.more(" t=" + (now - 60) + "; x=" + now + ";").sign(PLAIN));
        refused(
                Reason.DKIM_FUTURE,
                Signing.GOOD.more(" t=" + (now + 3_600) + ";").sign(PLAIN));
        refused(
                Reason.DKIM_SYNTAX,
                Signing.GOOD.more(" t=" + now + "; x=" + (now - 5) + ";").sign(PLAIN));
        for (String bad : new String[] {"-1", "x", "9".repeat(30), ""})
            refused(Reason.DKIM_SYNTAX, Signing.GOOD.more(" x=" + bad + ";").sign(PLAIN));
    }

    @Test
    void theIdentityIsTheSendersOrNobodys() throws Exception {
        for (String fine : new String[] {"@example.net", "@mail.example.net", "Bob@Example.net"})
            good(Signing.GOOD.more(" i=" + fine + ";").sign(PLAIN));
        refused(Reason.DKIM_IDENTITY, Signing.GOOD.more(" i=eve@example.net;").sign(PLAIN));
        for (String bad : new String[] {"@evil.test", "@xexample.net", "example.net", "@"})
            refused(Reason.DKIM_SYNTAX, Signing.GOOD.more(" i=" + bad + ";").sign(PLAIN));
        // Section 3.6.1: no subdomains.
        key(KEY_TXT + "; t=s");
        good(Mails.signed(PLAIN));
        refused(Reason.DKIM_IDENTITY, Signing.GOOD.more(" i=@mail.example.net;").sign(PLAIN));
    }

    // RFC 8301.
    @Test
    void oldAlgorithmsAndSmallKeysAreRefused() throws Exception {
        String mail = Mails.signed(PLAIN);
        refused(Reason.DKIM_ALGORITHM, mail.replace("rsa-sha256", "rsa-sha1"));
        refused(Reason.DKIM_ALGORITHM, mail.replace("rsa-sha256", "none"));
        key(Mails.txt(SMALL));
        refused(Reason.DKIM_KEY_SMALL, Signing.GOOD.key(SMALL.getPrivate()).sign(PLAIN));
        key(Mails.txt(WEAK));
        assertTrue(good(Signing.GOOD.key(WEAK.getPrivate()).sign(PLAIN)).key().weak());
    }

    // RFC 8463.
    @Test
    void ed25519IsBelievedWithItsOwnKindOfKey() throws Exception {
        byte[] spki = Mails.ED25519.getPublic().getEncoded();
        String p =
                Base64.getEncoder().encodeToString(java.util.Arrays.copyOfRange(spki, spki.length - 32, spki.length));
        String mail =
                Signing.GOOD.a("ed25519-sha256", Mails.ED25519.getPrivate()).sign(PLAIN);
        key("v=DKIM1; k=ed25519; p=" + p);
        assertFalse(good(mail).key().weak());
        refused(Reason.DKIM_SIGNATURE, mail.replace("Re: ACME", "ACME"));
        key("v=DKIM1; k=rsa; p=" + p);
        refused(Reason.DKIM_KEY_USE, mail);
        key(KEY_TXT.replace("k=rsa", "k=ed25519"));
        refused(Reason.DKIM_KEY_SYNTAX, mail);
        key("v=DKIM1; k=ed25519; p=" + p);
        refused(Reason.DKIM_KEY_USE, Mails.signed(PLAIN));
    }

    // RFC 8463, appendix A: both signatures of its example.
    @Test
    void theExampleOfRfc8463Verifies() throws Exception {
        String example = Mails.text(DkimExample.MAIL);
        var joe = Mails.address("joe@football.example.com");
        keys.txt.put("brisbane._domainkey.football.example.com", List.of(DkimExample.ED25519));
        keys.txt.put("test._domainkey.football.example.com", List.of(DkimExample.RSA));
        Instant then = Instant.ofEpochSecond(1_528_637_909);
        var verifier = new DkimVerifier(keys, DkimPolicy.PRACTICAL, () -> then);
        assertEquals(
                "brisbane",
                verifier.verify(RawMail.cut(example), joe).signature().selector());
        String second = example.substring(example.indexOf("DKIM-Signature", 10));
        assertEquals(
                "test", verifier.verify(RawMail.cut(second), joe).signature().selector());
    }

    // Section 3.6.1.
    @Test
    void theKeyRecordIsObeyed() throws Exception {
        String mail = Mails.signed(PLAIN), p = KEY_TXT.substring(KEY_TXT.indexOf("p="));
        for (String fine : new String[] {
            p,
            "v=DKIM1; " + p + ";",
            "v=DKIM1;k=rsa;h=sha1:sha256;s=email;t=;n=a note;" + p,
            "v=DKIM1; s=tel:*; " + p,
            KEY_TXT.replaceAll("(.{40})", "$1 \t")
        }) {
            key(fine.replace("DK IM1", "DKIM1"));
            good(mail);
        }
        check(mail, Reason.DKIM_KEY_REVOKED, "v=DKIM1; k=rsa; p=");
        check(mail, Reason.DKIM_KEY_REVOKED, "v=DKIM1; k=rsa; p=;");
        check(mail, Reason.DKIM_KEY_TEST, "v=DKIM1; t=y; " + p);
        check(mail, Reason.DKIM_KEY_TEST, "v=DKIM1; t=s:y; " + p);
        check(mail, Reason.DKIM_KEY_USE, "v=DKIM1; h=sha1; " + p);
        check(mail, Reason.DKIM_KEY_USE, "v=DKIM1; s=tel; " + p);
        check(mail, Reason.DKIM_KEY_USE, "v=DKIM1; k=dsa; " + p);
        check(mail, Reason.DKIM_KEY_NONE);
        check(mail, Reason.DKIM_KEY_SEVERAL, KEY_TXT, KEY_TXT);
        check(mail, Reason.DKIM_KEY_SEVERAL, KEY_TXT, "v=spf1 -all");
        for (String bad : new String[] {
            "v=DKIM2; " + p,
            p + "; v=DKIM1",
            "v=DKIM1",
            "v=spf1 -all",
            "",
            "v=DKIM1; p=!!!",
            "v=DKIM1; p=AAAA",
            p + ";" + p,
            "v=DKIM1; \u00e9=1; " + p,
            KEY_TXT + "; n=" + "x".repeat(5_000)
        }) check(mail, Reason.DKIM_KEY_SYNTAX, bad);
    }

    private void check(String mail, Reason reason, String... records) {
        key(records);
        refused(reason, mail);
    }

    // Section 3.2.
    @ParameterizedTest
    @ValueSource(
            strings = {
                " a=rsa-sha256;",
                " =x;",
                ";",
                " 1x=y;",
                " x;",
                " q=http;",
                " c=nofws;",
                " d=x..y;",
                " v=2;",
                " bh=AA;",
                " bh=*;",
                " b=;"
            })
    void malformedSignaturesAreRefused(String tags) {
        refused(Reason.DKIM_SYNTAX, Signing.GOOD.more(tags).sign(PLAIN));
    }

    @Test
    void theSignatureMayBeAnywhereAmongTheTags() throws Exception {
        var parsed = RawMail.cut(PLAIN);
        byte[] last = DkimVerifier.signedData(parsed, List.of(), "DKIM-Signature: a=1; b=\r\n", DkimCanonical.RELAXED);
        assertEquals("dkim-signature:a=1; b=", Mails.text(last));
        byte[] middle = DkimVerifier.signedData(
                parsed,
                List.of(),
                "DKIM-Signature: bh=b=1; xb=2;\r\n b = x\r\n y; h=a:b=c; z=b\r\n",
                DkimCanonical.RELAXED);
        assertEquals("dkim-signature:bh=b=1; xb=2; b =; h=a:b=c; z=b", Mails.text(middle));
        byte[] simple =
                DkimVerifier.signedData(parsed, List.of(), "DKIM-Signature: b=x; z=y \r\n", DkimCanonical.SIMPLE);
        assertEquals("DKIM-Signature: b=; z=y ", Mails.text(simple));
    }

    @Test
    void aDnsThatDoesNotAnswerIsNoVerdict() {
        keys.broken = true;
        assertThrows(IOException.class, () -> good(Mails.signed(PLAIN)));
        // But it is not even asked about a mail that was changed.
        refused(Reason.DKIM_BODY, Mails.signed(PLAIN) + "x\r\n");
    }
}
