/// The keys of the CA and the certificates made with them.
@org.jspecify.annotations.NullMarked
package dev.starling.ca.issuance;
