/// Flows: WebSocket, and TLS between peers pinned by key.
@org.jspecify.annotations.NullMarked
package dev.starling.sip.transport;
