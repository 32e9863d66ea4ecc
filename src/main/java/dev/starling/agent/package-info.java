/// What a person's client does, in Java: a device that registers, publishes, finds others, calls and writes.
@org.jspecify.annotations.NullMarked
package dev.starling.agent;
