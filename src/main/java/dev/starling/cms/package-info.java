/// What people's devices say to each other: CBOR inside CMS, signed, then encrypted for one device.
@org.jspecify.annotations.NullMarked
package dev.starling.cms;
