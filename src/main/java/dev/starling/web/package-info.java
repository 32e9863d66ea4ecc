/// A plain HTTP and WebSocket server: knows requests and frames, not what they are for.
@org.jspecify.annotations.NullMarked
package dev.starling.web;
