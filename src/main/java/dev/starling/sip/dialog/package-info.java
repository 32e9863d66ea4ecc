/// Dialogs and what lives in them, as values: RFC 3261, sections 12 and 13, and RFC 6665.
@org.jspecify.annotations.NullMarked
package dev.starling.sip.dialog;
