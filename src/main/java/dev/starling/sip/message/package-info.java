/// Messages, headers and URIs, read lazily from the bytes received.
@org.jspecify.annotations.NullMarked
package dev.starling.sip.message;
