/**
 * From what the host appends to the flush that the log store gets. Everything is checked, encoded and hashed here,
 * synchronously and before anything is written: the host may change its objects as soon as the call returns. Raw bytes
 * are copied by the log store, which must be given the flush in the same turn.
 */
import { keptFlush } from '../log-store/kept-flush.ts'
import type { Append, Codec, Flush, LogName } from '../log-store/types.ts'
import { encodeBytes } from '../record/codecs/bytes.ts'
import { encodeJson } from '../record/codecs/json.ts'
import { encodeMsgpack } from '../record/codecs/msgpack.ts'
import { checkSize, type SizeLimit } from '../record/codecs/size-limit.ts'
import { META_BYTES_MAX } from '../record/layout.ts'
import { checkBytes, checkDedupeKey, checkInteger, checkJson, checkOptionalInteger, checkWord } from './arguments.ts'
import { isChecked } from './checked-json.ts'
import { hashDedupeKey } from './dedupe-key.ts'
import { RECEIVED_AT_MAX, type Engine } from './engine.ts'
import { Payloads } from './payloads.ts'
import type { AppendOptions } from './types.ts'

/** One append as the host gave it. */
export interface Draft {
  readonly log: LogName
  readonly codec: Codec
  readonly content: unknown
  readonly options: AppendOptions
}

/** How the small parts of an append become bytes. */
interface Encoders {
  readonly hashKey: (key: string) => Uint8Array
  readonly packMeta: (meta: unknown) => Uint8Array
}

const IF_EXISTS = ['conflict', 'keep'] as const
const plainEncoders: Encoders = { hashKey: hashDedupeKey, packMeta: encodeMeta }

/** The flush of a single append: the common one, in which nothing can be there twice. */
export function flushOfOne(engine: Engine, draft: Draft): Flush {
  const bytes = encode(draft.codec, draft.content, limitOf(engine))
  return { payloads: [{ codec: draft.codec, bytes }], appends: [appendOf(draft, 0, receivedAt(engine), plainEncoders)] }
}

export function flushOf(engine: Engine, drafts: readonly Draft[], onConflict?: 'reject' | 'skip'): Flush {
  const [only] = drafts
  if (only !== undefined && drafts.length === 1) return { ...flushOfOne(engine, only), onConflict }
  const now = receivedAt(engine)
  const limit = limitOf(engine)
  const payloads = new Payloads((codec, content) => encode(codec, content, limit))
  // The fan-out of one activity gives one key and one meta many times over.
  const encoders = { hashKey: once(hashDedupeKey), packMeta: once(encodeMeta) }
  const appends = drafts.map(draft => appendOf(draft, payloads.add(draft.codec, draft.content), now, encoders))
  return { payloads: payloads.list, appends, onConflict }
}

/** A flush for later: its raw bytes are its own, where `flushOf` leaves them the host's until the log store has them. */
export function keptFlushOf(engine: Engine, drafts: readonly Draft[]): Flush {
  return keptFlush(flushOf(engine, drafts))
}

/** @param payload the index of its payload in the flush */
function appendOf({ log, options }: Draft, payload: number, now: number, { hashKey, packMeta }: Encoders): Append {
  const { key, meta, expectedTip, ifExists } = options
  return {
    log,
    payload,
    receivedAt: now,
    key: key === undefined ? undefined : hashKey(checkDedupeKey(key)),
    meta: meta === undefined ? undefined : packMeta(meta),
    expectedTip: checkOptionalInteger('expectedTip', expectedTip, 0),
    ifExists: checkWord('ifExists', ifExists, IF_EXISTS),
  }
}

function receivedAt(engine: Engine): number {
  return checkInteger('clock', Math.floor(engine.clock()), 0, RECEIVED_AT_MAX)
}

function limitOf(engine: Engine): SizeLimit {
  return { code: 'PAYLOAD_TOO_LARGE', bytesMax: engine.payloadBytesMax }
}

function encode(codec: Codec, content: unknown, limit: SizeLimit): Uint8Array {
  switch (codec) {
    case 'json':
      return encodeJsonText(checkJson(content), limit)
    case 'msgpack':
      return encodeMsgpack(content, limit)
    case 'bytes':
      return encodeBytes(checkBytes('bytes', content), limit)
  }
}

function encodeJsonText(json: Uint8Array | string, limit: SizeLimit): Uint8Array {
  if (!isChecked(json)) return encodeJson(json, limit)
  checkSize(json.byteLength, limit)
  return json
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
