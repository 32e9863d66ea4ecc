/// Where somebody is: records published, found, verified.
@org.jspecify.annotations.NullMarked
package dev.starling.locate;
