/// The user's side of the CA.
@org.jspecify.annotations.NullMarked
package dev.starling.enrol;
