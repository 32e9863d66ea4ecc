/// How a mailbox is proven.
@org.jspecify.annotations.NullMarked
package dev.starling.ca.validation;
