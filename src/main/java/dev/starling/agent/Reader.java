package dev.starling.agent;

import dev.starling.cms.Body;
import dev.starling.cms.Content;
import dev.starling.identity.CertificateVerifier;

/// Shows texts to the person.
public interface Reader {
    /// False: it cannot be shown now, and the sender is told so.
    boolean show(CertificateVerifier.Verified from, Body body, Content.Text text);
}
