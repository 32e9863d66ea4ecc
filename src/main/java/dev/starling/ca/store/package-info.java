/// What the CA remembers.
@org.jspecify.annotations.NullMarked
package dev.starling.ca.store;
