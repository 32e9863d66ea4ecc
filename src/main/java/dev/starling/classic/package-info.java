/// Ordinary SIP domains, which are found by the DNS and where nothing is signed: how requests go there, and what comes
/// from there. Knows no phone and no store (docs/decisions/0029-classic-sip.md).
@org.jspecify.annotations.NullMarked
package dev.starling.classic;
