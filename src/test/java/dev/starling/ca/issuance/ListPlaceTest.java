package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/// Where certificates say that the lists of withdrawn ones are.
class ListPlaceTest {
    @Test
    void besideHttpsItIsPlainHttpAtTheUsualPort() {
        assertEquals("http://ca.example.net/acme/crl/KEY.crl", place("https://ca.example.net"));
        assertEquals("http://ca.example.net/acme/crl/KEY.crl", place("https://ca.example.net:8443"));
        assertEquals("http://ca.example.net/x/acme/crl/KEY.crl", place("https://ca.example.net/x"));
        assertEquals("http://127.0.0.1:8900/acme/crl/KEY.crl", place("http://127.0.0.1:8900"));
    }

    @Test
    void whatVerifiersWouldNotTakeIsNotNamed() {
        for (String each : new String[] {"http://[::1]:8900", "https://[::1]", "ftp://ca.example.net", ""})
            assertEquals("none", place(each), each);
    }

    private static String place(String base) {
        return ListPlace.beside(base).toString();
    }

    @Test
    void anOperatorSaysAPlaceOfPlainHttpOrNone() throws IOException {
        assertEquals("http://lists.example.net/acme/crl/KEY.crl", said("http://lists.example.net/"));
        assertEquals("http://lists.example.net:8080/acme/crl/KEY.crl", said("http://lists.example.net:8080"));
        assertEquals("none", said("none"));
        for (String each : new String[] {
            "https://lists.example.net", "lists.example.net", "http://", "http://a b", "http://a\n", ""
        }) assertThrows(IOException.class, () -> said(each), each);
    }

    private static String said(String text) throws IOException {
        return ListPlace.said(text).toString();
    }
}
