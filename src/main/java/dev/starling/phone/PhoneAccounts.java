package dev.starling.phone;

import dev.starling.sip.message.SipUri;
import java.util.Optional;

/// The accounts that phones may use. Asked on the thread that reads the sockets: from memory.
public interface PhoneAccounts {
    /// What the account's password is checked with; empty when there is no such account.
    Optional<Ha1> ha1(String user);

    /// Whether the address is one that the account may register and call from: `From` and `To` of its REGISTER, `From`
    /// of everything else.
    boolean owns(String user, SipUri address);

    /// Whether the owner said that the phone with this URI in `From` knows MD5 only: then it is offered nothing else,
    /// where others that give up at the first challenge succeed at their second attempt only. Said before
    /// anybody has proven anything.
    default boolean knowsMd5Only(String from) {
        return false;
    }
}
