/// The command line, and all the wiring: the only room that knows every room.
@org.jspecify.annotations.NullMarked
package dev.starling.cli;
