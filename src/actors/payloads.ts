/** The payloads of a flush. One that is given again, or comes out as the same bytes, is there once. */
import type { Codec, Payload } from '../log-store/types.ts'

/**
 * Payloads with one fingerprint that are compared, the latest ones. Others are only met where somebody makes them up, and
 * to store a body twice does no harm.
 */
const COMPARED_MAX = 4
const PRIME = 0x9e37_79b1

export class Payloads {
  readonly list: Payload[] = []
  readonly #encode: (codec: Codec, content: unknown) => Uint8Array
  readonly #byContent = new Map<unknown, number>()
  readonly #byFingerprint = new Map<number, number[]>()

  constructor(encode: (codec: Codec, content: unknown) => Uint8Array) {
    this.#encode = encode
  }

  /** The index in `list`. */
  add(codec: Codec, content: unknown): number {
    const seen = this.#byContent.get(content)
    if (seen !== undefined && this.list[seen]?.codec === codec) return seen
    const index = this.#place({ codec, bytes: this.#encode(codec, content) })
    // 0 and -0 are the same to a Map, but not to a codec.
    if (typeof content !== 'number') this.#byContent.set(content, index)
    return index
  }

  #place(payload: Payload): number {
    const fingerprint = fingerprintOf(payload.bytes)
    const alike = this.#byFingerprint.get(fingerprint)
    const found = alike?.find(index => isSame(this.list[index], payload))
    if (found !== undefined) return found
    const index = this.list.push(payload) - 1
    if (alike === undefined) this.#byFingerprint.set(fingerprint, [index])
    else if (alike.unshift(index) > COMPARED_MAX) alike.pop()
    return index
  }
}

function isSame(one: Payload | undefined, other: Payload): boolean {
  return one?.codec === other.codec && Buffer.compare(one.bytes, other.bytes) === 0
}

/** Of all bytes, four a step: several times as quick as a string of them, as a Map would need it. */
function fingerprintOf({ buffer, byteOffset, byteLength }: Uint8Array): number {
  const view = new DataView(buffer, byteOffset, byteLength)
  let mixed = byteLength
  let at = 0
  for (const end = byteLength - 4; at <= end; at += 4) {
    mixed = Math.imul(mixed ^ view.getUint32(at), PRIME)
    mixed ^= mixed >>> 15
  }
  for (; at < byteLength; at += 1) mixed = Math.imul(mixed ^ view.getUint8(at), PRIME)
  return mixed
}
