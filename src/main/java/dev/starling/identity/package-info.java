/// Who somebody is: addresses, device keys, certificates and how they are believed.
@org.jspecify.annotations.NullMarked
package dev.starling.identity;
