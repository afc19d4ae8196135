/**
 * XXH64, the checksum of everything twinlog writes; the home of xxhash-wasm. Used by record/ (entries), commit-log/
 * (segments, frames, identity) and key-index/ (every value).
 *
 * Why XXH64: it finds accidents, runs at memory speed in WebAssembly, and exists in every language. It is no defence
 * against someone who can write the files. Frozen: algorithm, seed rule and byte order are part of the format.
 */
import loadXxhash from 'xxhash-wasm'

type H64 = (bytes: Uint8Array, seed?: bigint) => bigint

let loading: Promise<H64> | undefined

/** Checksums of one store. The seed is XXH64 of the 16-byte store id, so bytes of another store never pass. */
export class Checksum {
  readonly #h64: H64
  readonly #seed: bigint

  private constructor(h64: H64, seed: bigint) {
    this.#h64 = h64
    this.#seed = seed
  }

  /** `storeId`: 16 bytes. */
  static async forStore(storeId: Uint8Array): Promise<Checksum> {
    const h64 = await load()
    return new Checksum(h64, h64(storeId, 0n))
  }

  /** Unseeded: for the identity file, which says what the store id is. */
  static async plain(): Promise<Checksum> {
    return new Checksum(await load(), 0n)
  }

  /** XXH64 of `bytes`, 0 to 2^64 - 1. */
  sum(bytes: Uint8Array): bigint {
    return this.#h64(bytes, this.#seed)
  }

  /** The low 32 bits of `sum`. */
  sum32(bytes: Uint8Array): number {
    return Number(BigInt.asUintN(32, this.#h64(bytes, this.#seed)))
  }
}

function load(): Promise<H64> {
  loading ??= loadXxhash().then(api => (bytes, seed) => api.h64Raw(bytes, seed))
  return loading
}
