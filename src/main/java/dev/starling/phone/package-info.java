/// Ordinary SIP phones at this peer: who they are (digest), where they are (registrar), and what they ask for.
@org.jspecify.annotations.NullMarked
package dev.starling.phone;
