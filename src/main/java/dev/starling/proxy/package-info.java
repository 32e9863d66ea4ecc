/// What a SIP edge does: registrar, proxy, consent and presence.
@org.jspecify.annotations.NullMarked
package dev.starling.proxy;
