/// Signed statements about a request: PASSporT (RFC 8225), put authorization and presence signatures.
@org.jspecify.annotations.NullMarked
package dev.starling.identity.passport;
