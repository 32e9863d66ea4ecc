/// What a client reaches over HTTP: the web app, the DHT gateway, SIP over WebSocket, health.
@org.jspecify.annotations.NullMarked
package dev.starling.gate;
