/// HEP3, by which capture agents send what they saw to a collector.
@org.jspecify.annotations.NullMarked
package dev.starling.trace.hep;
