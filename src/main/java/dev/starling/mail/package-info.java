/// Mails as they are read on both sides of a proof: header fields, addresses, and who vouches for them, by
/// DKIM or S/MIME.
@org.jspecify.annotations.NullMarked
package dev.starling.mail;
