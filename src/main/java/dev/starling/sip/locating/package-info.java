/// Where the servers of a SIP URI are, by the DNS: RFC 3263, section 4.
@org.jspecify.annotations.NullMarked
package dev.starling.sip.locating;
