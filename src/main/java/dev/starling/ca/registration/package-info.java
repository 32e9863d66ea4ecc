/// Accounts, orders and what may be asked.
@org.jspecify.annotations.NullMarked
package dev.starling.ca.registration;
