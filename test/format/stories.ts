/** What the golden segments hold, told to a log store one flush after the other. */
import { hashDedupeKey } from '../../src/actors/dedupe-key.ts'
import { encodeMsgpack } from '../../src/record/codecs/msgpack.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { encodePair } from '../../src/record/bodies.ts'
import type { EntryFields } from '../../src/record/entry.ts'
import { CODEC_ID, ENTRY_TYPE } from '../../src/record/layout.ts'
import type { Append, Codec, LogStore, Payload } from '../../src/log-store/types.ts'
import { inbox, NOW, outbox } from './fixed-store.ts'

export const ALICE = 'https://a.example/users/alice'
export const BOB = 'https://a.example/users/bob'
export const FOLLOW = '{"id":"https://b.example/1","type":"Follow"}'
export const NOTE = '{"id":"https://b.example/2","type":"Note"}'
export const SMALL = 'https://a.example/u'

export const pack = (value: unknown): Buffer =>
  Buffer.from(encodeMsgpack(value, { code: 'PAYLOAD_TOO_LARGE', bytesMax: 4096 }))

const payload = (codec: Codec, bytes: string | Uint8Array): Payload => ({ codec, bytes: Buffer.from(bytes) })

export async function append(
  store: LogStore,
  log: Append['log'],
  codec: Codec,
  bytes: string | Uint8Array,
  more: Partial<Append> = {},
): Promise<void> {
  await store.append({ payloads: [payload(codec, bytes)], appends: [{ log, payload: 0, receivedAt: NOW, ...more }] })
}

/** Takes what `tellEverything` has trimmed, redacted and removed off the disk. */
export async function tellCompaction(store: EmbeddedLogStore): Promise<void> {
  store.indexer.resume()
  await store.compact({ deadShareMin: 0 })
}

/** The smallest store worth a picture: one actor, one keyed JSON record. */
export async function tellExample(store: LogStore): Promise<void> {
  await store.addActor(SMALL)
  await append(store, inbox(SMALL), 'json', '{"type":"Note"}', { key: hashDedupeKey('https://b.example/2') })
}

/** Three commits, each vouched for by the next. */
export async function tellThreeCommits(store: LogStore): Promise<void> {
  await tellExample(store)
  await append(store, outbox(SMALL), 'bytes', Buffer.from([1, 2, 3]))
}

export async function tellOneMore(store: LogStore): Promise<void> {
  await append(store, outbox(SMALL), 'bytes', Buffer.from([4, 5]))
}

/** Every type of entry that is written, every codec, with and without key, meta and payload. */
export async function tellEverything(store: LogStore): Promise<void> {
  await store.addActor(ALICE)
  await store.addActor(BOB)
  await append(store, inbox(ALICE), 'json', FOLLOW, {
    key: hashDedupeKey('https://b.example/1'),
    meta: pack({ by: 'https://b.example/#key' }),
  })
  await append(store, outbox(ALICE), 'msgpack', pack({ type: 'Accept', to: ['https://b.example/'] }))
  await append(store, outbox(ALICE), 'bytes', Buffer.from([0, 1, 254, 255]), { meta: pack(null) })
  await append(store, outbox(ALICE), 'bytes', '')
  await store.append({
    payloads: [payload('json', NOTE), payload('json', '[]')],
    appends: [
      { log: inbox(ALICE), payload: 0, key: hashDedupeKey('https://b.example/2'), receivedAt: NOW + 1 },
      { log: outbox(BOB), payload: 1, receivedAt: NOW + 1 },
      { log: inbox(BOB), payload: 0, key: hashDedupeKey('https://b.example/2'), receivedAt: NOW + 1 },
    ],
    items: [
      { key: 'cursor/mail', value: Buffer.from('7') },
      { key: 'cursor/old', value: Buffer.from('') },
    ],
  })
  await store.redact(outbox(ALICE), 2)
  await store.trim(inbox(ALICE), 2)
  await store.append({
    payloads: [],
    appends: [],
    items: [
      { key: 'cursor/mail', value: Buffer.from('8') },
      { key: 'cursor/old', value: null },
    ],
  })
  await store.removeActor(BOB)
}

/** What a salvaged store holds of an inbox whose first two records were lost. */
export const LOST_STORY: readonly (readonly Omit<EntryFields, 'payloadSum'>[])[] = [
  [{ type: ENTRY_TYPE.actorAdded, log: 2, payload: Buffer.from(SMALL) }],
  [
    { type: ENTRY_TYPE.lost, log: 2, seq: 2, payload: encodePair(1, 2) },
    { type: ENTRY_TYPE.append, log: 2, seq: 3, codec: CODEC_ID.json, receivedAt: NOW, payload: Buffer.from(NOTE) },
  ],
]
