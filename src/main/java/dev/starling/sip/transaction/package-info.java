/// The four state machines of RFC 3261, section 17, as values, and what drives them.
@org.jspecify.annotations.NullMarked
package dev.starling.sip.transaction;
