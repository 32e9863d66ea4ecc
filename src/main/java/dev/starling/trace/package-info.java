/// Seeing inside: SIP messages shown as a ladder to the operator, and exported to the tools that SIP people use.
@org.jspecify.annotations.NullMarked
package dev.starling.trace;
