package dev.starling.ca.store;

/// What the DNS said of a mailbox's domain at a time.
///
/// @param verdict in a word, and `allowed` if nothing spoke against mails and certificates
/// @param mail who takes its mail, as the DNS names them
/// @param caa the CAA records that mattered, behind the name where they stand; "" for none
/// @param dnssec `secure`: it vouches for all of that; `insecure`; or `unknown`
/// @param taken Unix seconds
public record DomainLook(String domain, String verdict, String mail, String caa, String dnssec, long taken) {}
