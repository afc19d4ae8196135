/** The golden segments, read by the engine: from the vectors' bytes alone, with and without an index. */
import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hashDedupeKey } from '../../src/actors/dedupe-key.ts'
import { Checksum } from '../../src/bytes/checksum.ts'
import { decodeIdentity } from '../../src/commit-log/identity.ts'
import type { LogName, LogStore } from '../../src/log-store/types.ts'
import { decodeMsgpack } from '../../src/record/codecs/msgpack.ts'
import { FixedStore, IDENTITY, inbox, NOW, outbox, recordsOf } from './fixed-store.ts'
import { vectorBytes } from './golden.ts'
import { ALICE, BOB, NOTE, SMALL } from './stories.ts'

/** Runs `check` with a store of these vectors' segments, opened in each of two ways. */
function readInTurn(names: readonly string[], check: (store: LogStore) => Promise<void>): Promise<void> {
  return FixedStore.with(names.map(vectorBytes), async store => {
    await store.read(check)
    await store.write(check)
  })
}

const NONE = new Uint8Array(0)
const plain = (seq: number, ...payload: number[]): object => ({
  seq,
  receivedAt: NOW,
  codec: 'bytes',
  payload: Buffer.from(payload),
  meta: NONE,
  redacted: false,
})
const note = { ...plain(1), codec: 'json', payload: Buffer.from('{"type":"Note"}') }

async function readOne(store: LogStore, log: LogName, seq: number): Promise<unknown> {
  return (await store.read(log, { from: seq, to: seq, limit: 1 }))?.records[0]
}

it('identity', async () => {
  expect(decodeIdentity(vectorBytes('identity'), await Checksum.plain())).toEqual(IDENTITY)
})

it('example', () =>
  readInTurn(['example'], async store => {
    expect(await store.bounds(inbox(SMALL))).toEqual({ epoch: 1, first: 1, tip: 1 })
    expect(await recordsOf(store, inbox(SMALL))).toEqual([note])
    expect(await store.find(inbox(SMALL), hashDedupeKey('https://b.example/2'))).toBe(1)
    expect(await store.bounds(outbox(SMALL))).toEqual({ epoch: 1, first: 1, tip: 0 })
  }))

it('lost: the sequences are there, and each says that it is lost', () =>
  readInTurn(['lost'], async store => {
    expect(await store.bounds(inbox(SMALL))).toEqual({ epoch: 1, first: 1, tip: 3 })
    for (const seq of [1, 2]) {
      const facts = { code: 'LOST', actor: SMALL, box: 'inbox', seq, from: 1, to: 2 }
      await expect(readOne(store, inbox(SMALL), seq)).rejects.toMatchObject(facts)
    }
    expect(await readOne(store, inbox(SMALL), 3)).toMatchObject({ seq: 3, payload: Buffer.from(NOTE) })
    const upTo = store.read(inbox(SMALL), { from: 1, to: 3, reverse: true, limit: 9 })
    expect(await upTo).toMatchObject({ records: [{ seq: 3 }] })
  }))

/** What `tellEverything` left. */
const checkEverything = async (store: LogStore): Promise<void> => {
  expect(await store.actorStatus(ALICE)).toBe('active')
  expect(await store.actorStatus(BOB)).toBe('removed')
  expect(await store.bounds(inbox(ALICE))).toEqual({ epoch: 1, first: 2, tip: 2 })
  expect(await recordsOf(store, inbox(BOB))).toBe(null)

  const shared = { seq: 2, receivedAt: NOW + 1, codec: 'json', payload: Buffer.from(NOTE), meta: NONE }
  expect(await store.read(inbox(ALICE), { from: 2, to: 2, limit: 9 })).toMatchObject({ records: [shared] })
  expect(await store.find(inbox(ALICE), hashDedupeKey('https://b.example/1'))).toBe(1)
  expect(await store.find(inbox(ALICE), hashDedupeKey('https://b.example/2'))).toBe(2)

  const [first, second, third] = (await recordsOf(store, outbox(ALICE)))!
  expect(first).toMatchObject({ seq: 1, codec: 'msgpack', meta: NONE })
  expect(decodeMsgpack(first!.payload)).toEqual({ type: 'Accept', to: ['https://b.example/'] })
  expect(second).toEqual({ ...plain(2), redacted: true })
  expect(third).toEqual(plain(3))

  expect(await store.item('cursor/mail')).toEqual({ version: 2, value: Buffer.from('8') })
  expect(await store.item('cursor/old')).toBe(null)
}

it('every-entry', () => readInTurn(['every-entry'], checkEverything))

it('rewritten-1 and rewritten-2: a reader sees what it saw before', () =>
  FixedStore.with([], async store => {
    writeFileSync(store.path(1, 1), vectorBytes('rewritten-1'))
    writeFileSync(store.path(2), vectorBytes('rewritten-2'))
    await store.read(checkEverything)
    await store.write(checkEverything)
  }))

it('cut-1 and cut-2: what was written again is there once', () =>
  readInTurn(['cut-1', 'cut-2'], async store => {
    expect(await recordsOf(store, inbox(SMALL))).toEqual([note])
    expect(await recordsOf(store, outbox(SMALL))).toEqual([plain(1, 1, 2, 3), plain(2, 4, 5)])
  }))

it('torn-tail: the log ends before it', () =>
  readInTurn(['torn-tail'], async store => {
    expect(await recordsOf(store, inbox(SMALL))).toEqual([note])
    expect(await recordsOf(store, outbox(SMALL))).toEqual([])
  }))

it('damaged-header: nothing is lost', () =>
  readInTurn(['damaged-header'], async store => {
    expect(await recordsOf(store, inbox(SMALL))).toEqual([note])
    expect(await recordsOf(store, outbox(SMALL))).toEqual([plain(1, 1, 2, 3)])
  }))

it('damaged-payload: that record is damaged, and no other', () =>
  readInTurn(['damaged-payload'], async store => {
    await expect(readOne(store, inbox(SMALL), 1)).rejects.toMatchObject({ code: 'CORRUPT', seq: 1 })
    expect(await recordsOf(store, outbox(SMALL))).toEqual([plain(1, 1, 2, 3)])
  }))

describe('damaged-entry', () => {
  it('is refused without an index: what it held can not be known', () =>
    FixedStore.with([vectorBytes('damaged-entry')], async store => {
      await expect(store.write(async () => {})).rejects.toMatchObject({ code: 'LOG_LOST' })
    }))

  it('is passed over by who only looks', () =>
    FixedStore.with([vectorBytes('damaged-entry')], store =>
      store.read(async driver => {
        expect(await recordsOf(driver, outbox(SMALL))).toEqual([plain(1, 1, 2, 3)])
      }),
    ))
})
