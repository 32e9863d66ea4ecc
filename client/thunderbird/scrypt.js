// scrypt by WebAssembly, which Thunderbird compiles also where it compiles no JavaScript. The library is a script of the old kind: it sets a global.

/** @type {import('../core/scrypt.js').Scrypt} */
export async function wasmScrypt(password, salt, cost) {
  // Each takes a tenth of a second: what waits has its turn in between.
  await new Promise((resolve) => setTimeout(resolve, 0));
  return /** @type {any} */ (globalThis).hashwasm.scrypt({
    password,
    salt,
    costFactor: 2 ** cost,
    blockSize: 8,
    parallelism: 1,
    hashLength: 32,
    outputType: 'binary',
  });
}
