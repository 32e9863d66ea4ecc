/// The certificate authority: proves a mailbox, then issues.
@org.jspecify.annotations.NullMarked
package dev.starling.ca;
