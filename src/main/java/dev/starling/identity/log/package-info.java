/// The log of certificates as whoever checks it sees it: docs/protocols/log.md.
@org.jspecify.annotations.NullMarked
package dev.starling.identity.log;
