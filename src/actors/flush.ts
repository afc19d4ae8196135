/**
 * From what the host appends to the flush that the log store gets. Everything is checked, encoded and hashed here,
 * synchronously and before anything is written: the host may change its objects as soon as the call returns.
 */
import type { Append, Codec, Flush, LogName, Payload } from '../log-store/types.ts'
import { encodeBytes } from '../record/codecs/bytes.ts'
import { encodeJson } from '../record/codecs/json.ts'
import { encodeMsgpack } from '../record/codecs/msgpack.ts'
import { checkSize, type SizeLimit } from '../record/codecs/size-limit.ts'
import { META_BYTES_MAX } from '../record/layout.ts'
import { checkBytes, checkDedupeKey, checkInteger, checkJson, checkOptionalInteger, checkWord } from './arguments.ts'
import { isChecked } from './checked-json.ts'
import { hashDedupeKey } from './dedupe-key.ts'
import { RECEIVED_AT_MAX, type Engine } from './engine.ts'
import type { AppendOptions } from './types.ts'

/** One append as the host gave it. */
export interface Draft {
  readonly log: LogName
  readonly codec: Codec
  readonly content: unknown
  readonly options: AppendOptions
}

export function flushOf(engine: Engine, drafts: readonly Draft[], onConflict?: 'reject' | 'skip'): Flush {
  const receivedAt = checkInteger('clock', Math.floor(engine.clock()), 0, RECEIVED_AT_MAX)
  const payloads = new Payloads(engine.payloadBytesMax, drafts.length > 1)
  // The fan-out of one activity gives one key and one meta many times over.
  const hashKey = once(hashDedupeKey)
  const packMeta = once(encodeMeta)
  const appends = drafts.map(({ log, codec, content, options }): Append => {
    const expectedTip = checkOptionalInteger('expectedTip', options.expectedTip, 0)
    const ifExists = checkWord('ifExists', options.ifExists, ['conflict', 'keep'])
    return {
      log,
      payload: payloads.add(codec, content),
      receivedAt,
      ...(options.key === undefined ? {} : { key: hashKey(checkDedupeKey(options.key)) }),
      ...(options.meta === undefined ? {} : { meta: packMeta(options.meta) }),
      ...(expectedTip === undefined ? {} : { expectedTip }),
      ...(ifExists === undefined ? {} : { ifExists }),
    }
  })
  return { payloads: payloads.list, appends, ...(onConflict === undefined ? {} : { onConflict }) }
}

/** The payloads of a flush. One that is given again, or comes out as the same bytes, is there once. */
class Payloads {
  readonly list: Payload[] = []
  readonly #limit: SizeLimit
  readonly #mayRepeat: boolean
  readonly #byContent = new Map<unknown, number>()
  readonly #byBytes = new Map<string, number>()

  /** @param mayRepeat false for a single append: then nothing is compared */
  constructor(bytesMax: number, mayRepeat: boolean) {
    this.#mayRepeat = mayRepeat
    this.#limit = { code: 'PAYLOAD_TOO_LARGE', bytesMax }
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
    if (!this.#mayRepeat) return this.list.push(payload) - 1
    const { buffer, byteOffset, byteLength } = payload.bytes
    const name = `${payload.codec}:${Buffer.from(buffer, byteOffset, byteLength).toString('latin1')}`
    const index = this.#byBytes.get(name) ?? this.list.push(payload) - 1
    this.#byBytes.set(name, index)
    return index
  }

  #encode(codec: Codec, content: unknown): Uint8Array {
    switch (codec) {
      case 'json':
        return this.#encodeJson(checkJson(content))
      case 'msgpack':
        return encodeMsgpack(content, this.#limit)
      case 'bytes':
        return encodeBytes(checkBytes('bytes', content), this.#limit)
    }
  }

  #encodeJson(json: Uint8Array | string): Uint8Array {
    if (!isChecked(json)) return encodeJson(json, this.#limit)
    checkSize(json.byteLength, this.#limit)
    return json
  }
}

function encodeMeta(meta: unknown): Uint8Array {
  return encodeMsgpack(meta, { code: 'META_TOO_LARGE', bytesMax: META_BYTES_MAX })
}

/** Remembers the last answer. */
function once<Input>(make: (input: Input) => Uint8Array): (input: Input) => Uint8Array {
  let last: { readonly input: Input; readonly output: Uint8Array } | undefined
  return input => {
    if (last === undefined || !Object.is(last.input, input)) last = { input, output: make(input) }
    return last.output
  }
}
