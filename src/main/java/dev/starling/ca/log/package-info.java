/// The log of what the CA issued, and whoever looks after it: docs/protocols/log.md.
@org.jspecify.annotations.NullMarked
package dev.starling.ca.log;
