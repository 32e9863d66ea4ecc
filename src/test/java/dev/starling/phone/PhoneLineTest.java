package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What becomes of what a phone asks.
class PhoneLineTest {
    private Desk desk;

    @BeforeEach
    void begin(@TempDir Path folder) throws Exception {
        desk = new Desk(folder);
    }

    @AfterEach
    void end() throws Exception {
        desk.close();
    }

    @Test
    void whoIsCalledForbidsIt() throws Exception {
        desk.alice.on("INVITE", _ -> {
            throw new SipException(403, "Send a contact request");
        });
        desk.asks(desk.phone.invite(Desk.ALICE));
        SipMessage heard = desk.phone.answer();
        assertEquals("603 Send a contact request", heard.status() + " " + heard.reason());
        assertEquals("399 starling \"Send a contact request\"", heard.required("warning"));
    }
}
