/// Messages of RFC 8555 and their signatures, for both sides.
@org.jspecify.annotations.NullMarked
package dev.starling.acme;
