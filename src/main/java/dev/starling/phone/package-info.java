/// Ordinary SIP phones: their accounts, and the user agent that speaks for each of them.
@org.jspecify.annotations.NullMarked
package dev.starling.phone;
