/** A stored record as the host sees it: verified bytes, and values that are decoded on first use. */
import { TwinlogError } from '../errors.ts'
import type { Codec, LogName, StoredRecord } from '../log-store/types.ts'
import { decodeJson } from '../record/codecs/json.ts'
import { decodeMsgpack } from '../record/codecs/msgpack.ts'
import type { LogRecord } from './types.ts'

export class StoreRecord<Value> implements LogRecord<Value> {
  readonly seq: number
  readonly receivedAt: number
  readonly codec: Codec
  readonly bytes: Uint8Array
  readonly redacted: boolean
  readonly #log: LogName
  readonly #metaBytes: Uint8Array
  #value: Value | undefined
  #hasValue: boolean
  #meta: unknown
  #hasMeta: boolean

  constructor(log: LogName, stored: StoredRecord) {
    this.seq = stored.seq
    this.receivedAt = stored.receivedAt
    this.codec = stored.codec
    this.bytes = stored.payload
    this.redacted = stored.redacted
    // A redacted record has no value, whatever its codec would make of no bytes.
    this.#hasValue = stored.redacted
    this.#log = log
    this.#metaBytes = stored.meta
    this.#hasMeta = stored.meta.length === 0
  }

  get value(): Value {
    if (!this.#hasValue) {
      this.#value = this.#decoded('payload', () => decode(this.codec, this.bytes)) as Value
      this.#hasValue = true
    }
    return this.#value as Value
  }

  get meta(): unknown {
    if (!this.#hasMeta) {
      this.#meta = this.#decoded('meta', () => decodeMsgpack(this.#metaBytes))
      this.#hasMeta = true
    }
    return this.#meta
  }

  /** What `console.log` prints: the value, not the bytes. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    const { seq, receivedAt, codec, value, meta, redacted } = this
    if (redacted) return { seq, receivedAt, codec, redacted }
    return { seq, receivedAt, codec, value, ...(meta === undefined ? {} : { meta }) }
  }

  /** The log store has verified the bytes, so what can't be decoded was not written by these codecs. */
  #decoded(place: string, decodeIt: () => unknown): unknown {
    try {
      return decodeIt()
    } catch (error) {
      const { actor, box } = this.#log
      const message = `Record ${this.seq} of the ${box} of ${actor} can't be decoded as ${this.codec}`
      throw new TwinlogError('CORRUPT', message, { actor, box, seq: this.seq, place }, error)
    }
  }
}

function decode(codec: Codec, bytes: Uint8Array): unknown {
  switch (codec) {
    case 'json':
      return decodeJson(bytes)
    case 'msgpack':
      return decodeMsgpack(bytes)
    case 'bytes':
      return bytes
  }
}
