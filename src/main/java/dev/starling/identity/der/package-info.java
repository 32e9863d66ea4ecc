/// The distinguished encoding of ASN.1, read strictly: certificates and messages have one form only.
@org.jspecify.annotations.NullMarked
package dev.starling.identity.der;
