package dev.starling.mail;

/// Why a mail is no valid reply to a challenge: a word for logs and tests, and a sentence for the person who sent it.
public enum Reason {
    // The message as a whole: RFC 5322.
    TOO_BIG("too-big", "The reply is too big."),
    LINE_END("line-end", "A line of the reply does not end in CRLF."),
    CONTROL_CHARACTER("control-character", "The header of the reply holds a control character."),
    EIGHT_BIT_HEADER("8-bit-header", "The header of the reply is not plain ASCII."),
    HEADER_SYNTAX("header-syntax", "The header of the reply is malformed."),
    TRUNCATED("truncated", "The reply is cut off."),
    HEADER_MISSING("header-missing", "The reply lacks a header field that every mail has."),
    HEADER_TWICE("header-twice", "The reply has a header field twice that a mail has once."),
    DATE("date", "The reply has no valid date."),

    // Who wrote it, and how.
    FROM_SEVERAL("from-several", "The reply names several senders."),
    FROM_GROUP("from-group", "The sender of the reply is a group."),
    FROM_SYNTAX("from-syntax", "The sender of the reply is not a plain address."),
    SENDER("sender", "The reply was sent by somebody else for the address."),
    RESENT("resent", "The reply was sent on by somebody."),
    NOT_TO_US("not-to-us", "The reply is not addressed to this CA."),
    LIST("list", "The reply came over a mailing list."),
    AUTO_REPLIED("auto-replied", "This is an automatic answer, such as an absence notice."),
    BOUNCE("bounce", "This is a report on a mail, not a reply."),

    // What it says: RFC 8823, section 3.2.
    SUBJECT_CHARSET("subject-charset", "The subject of the reply is encoded in a way that is not allowed."),
    SUBJECT_TOKEN("subject-token", "The subject of the reply does not hold the code of the challenge."),
    MEDIA_TYPE("media-type", "The reply is neither plain text nor has it a plain text beside others."),
    NESTED("nested", "The plain text of the reply lies inside another part."),
    PARTS("parts", "The parts of the reply are malformed or too many."),
    ENCODING("encoding", "The text of the reply is encoded in a way that is not allowed."),
    CHARSET("charset", "The text of the reply is in a character set that is not allowed."),
    RESPONSE_MISSING("response-missing", "The reply holds no response."),
    RESPONSE_TWICE("response-twice", "The reply holds more than one response."),
    RESPONSE_SYNTAX("response-syntax", "The response in the reply is malformed."),

    // Whether its domain vouches for it: RFC 6376.
    DKIM_NONE("dkim-none", "The reply carries no DKIM signature; ask whoever runs your mail server."),
    DKIM_OTHER_DOMAIN("dkim-other-domain", "The reply is signed, but not by the domain of its sender."),
    DKIM_SYNTAX("dkim-syntax", "The DKIM signature of the reply is malformed."),
    DKIM_ALGORITHM("dkim-algorithm", "The DKIM signature is of a kind that is not believed."),
    DKIM_LENGTH("dkim-length", "The DKIM signature covers only a part of the reply."),
    DKIM_HEADERS("dkim-headers", "The DKIM signature does not cover the header fields that count."),
    DKIM_IDENTITY("dkim-identity", "The DKIM signature is for another address."),
    DKIM_EXPIRED("dkim-expired", "The DKIM signature has expired."),
    DKIM_FUTURE("dkim-future", "The DKIM signature is dated in the future."),
    DKIM_BODY("dkim-body", "The reply was changed after it was signed."),
    DKIM_SIGNATURE("dkim-signature", "The DKIM signature is wrong."),
    DKIM_KEY_NONE("dkim-key-none", "The domain publishes no key for the DKIM signature."),
    DKIM_KEY_SEVERAL("dkim-key-several", "The domain publishes several keys in the place of one."),
    DKIM_KEY_SYNTAX("dkim-key-syntax", "The DKIM key that the domain publishes is malformed."),
    DKIM_KEY_REVOKED("dkim-key-revoked", "The domain has revoked the DKIM key."),
    DKIM_KEY_TEST("dkim-key-test", "The domain says that its DKIM key is for tests."),
    DKIM_KEY_SMALL("dkim-key-small", "The DKIM key of the domain is too small, or too large."),
    DKIM_KEY_USE("dkim-key-use", "The DKIM key of the domain is for something else."),

    // Whether a certificate of its sender vouches for it: RFC 8551, RFC 9788.
    SMIME_STRUCTURE("smime-structure", "The S/MIME signature of the reply is malformed."),
    SMIME_ENCRYPTED("smime-encrypted", "The reply is encrypted, and cannot be read here."),
    SMIME_NESTED("smime-nested", "The reply is signed or encrypted once more within the signature."),
    SMIME_SIGNERS("smime-signers", "The reply is not signed by just one."),
    SMIME_ALGORITHM("smime-algorithm", "The S/MIME signature of the reply is of a kind that is not believed."),
    SMIME_HEADERS("smime-headers", "The S/MIME signature does not cover the header fields that count."),
    SMIME_OUTER("smime-outer", "The header of the reply says something else than the signed one."),
    SMIME_SIGNATURE("smime-signature", "The S/MIME signature is wrong, or the reply was changed."),
    SMIME_CERTIFICATE("smime-certificate", "The certificate of the S/MIME signature is missing or not for mail."),
    SMIME_TIME("smime-time", "The certificate of the S/MIME signature has expired or is not valid yet."),
    SMIME_ADDRESS("smime-address", "The certificate of the S/MIME signature is for another address."),
    SMIME_OURS("smime-ours", "A certificate that was given for such a proof proves nothing itself."),
    SMIME_CHAIN("smime-chain", "The certificate of the S/MIME signature is of nobody who is believed here."),
    SMIME_REVOKED("smime-revoked", "The certificate of the S/MIME signature was withdrawn."),
    SMIME_LIST("smime-list", "The list of certificates that were withdrawn is too old here."),

    // Whether it answers a challenge of ours.
    UNKNOWN("unknown", "There is no challenge with this code."),
    LATE("late", "The challenge has expired."),
    REPLAYED("replayed", "The challenge was already answered."),
    OTHER_ADDRESS("other-address", "The reply comes from another address than the challenge went to."),
    WRONG_RESPONSE("wrong-response", "The response does not belong to this challenge.");
    private final String code, words;

    Reason(String code, String words) {
        this.code = code;
        this.words = words;
    }

    public String code() {
        return code;
    }

    /// For people; says nothing that the sender did not say.
    public String words() {
        return words;
    }
}
