/// What clients of the CA reach: ACME over HTTP.
@org.jspecify.annotations.NullMarked
package dev.starling.ca.front;
