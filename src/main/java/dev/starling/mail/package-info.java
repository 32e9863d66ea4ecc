/// Mails as they are read on both sides of a proof: header fields, addresses, and who vouches for them by DKIM.
@org.jspecify.annotations.NullMarked
package dev.starling.mail;
