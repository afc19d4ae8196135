/**
 * A key and its value on their way into a batch, in one piece of memory: so the checksum over both is taken where they
 * stand, and an entry of the index costs no allocation. LevelDB copies what it is given, so one row serves them all.
 */
import type { Checksum } from '../bytes/checksum.ts'
import { SUM_BYTES } from './values.ts'

export class SealedRow {
  readonly key: Buffer
  readonly body: Buffer
  /** The body and its checksum. */
  readonly value: Buffer
  readonly #summed: Buffer

  constructor(keyBytes: number, bodyBytes: number) {
    const end = keyBytes + bodyBytes
    const bytes = Buffer.allocUnsafeSlow(end + SUM_BYTES)
    this.key = bytes.subarray(0, keyBytes)
    this.body = bytes.subarray(keyBytes, end)
    this.value = bytes.subarray(keyBytes)
    this.#summed = bytes.subarray(0, end)
  }

  /** Once key and body are there. */
  seal(checksum: Checksum): void {
    this.value.writeUInt32BE(checksum.sum32(this.#summed), this.body.length)
  }
}
