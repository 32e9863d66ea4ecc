/// The strict, deterministic subset of CBOR that records and messages use.
@org.jspecify.annotations.NullMarked
package dev.starling.identity.cbor;
