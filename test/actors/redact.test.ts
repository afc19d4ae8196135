/** A redacted record in every way of reading: it is there, it says so, and it ends nothing. */
import { inspect } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Log, LogRecord } from '../../src/actors/types.ts'
import { openMemory } from '../../src/testing.ts'
import { alice, collect, seqs } from './fixtures.ts'

let log: Log
beforeEach(async () => {
  log = (await openMemory({ actors: [alice], clock: () => 9 })).inbox(alice)
  await log.append({ n: 1 })
  await log.append({ n: 2 }, { key: 'k', meta: 'from' })
  await log.appendJson('{}')
  await log.appendBytes(new Uint8Array([4]))
  for (const seq of [2, 3, 4]) expect(await log.redact(seq)).toEqual({ redacted: true })
})

const isGone = ({ value, meta, bytes, redacted }: LogRecord): boolean =>
  redacted && value === undefined && meta === undefined && bytes.length === 0

describe('a redacted record', () => {
  it('has no value in any codec, and keeps what is left', async () => {
    for (const [seq, codec] of [
      [2, 'msgpack'],
      [3, 'json'],
      [4, 'bytes'],
    ] as const) {
      const record = (await log.get(seq))!
      expect(isGone(record)).toBe(true)
      expect(record).toMatchObject({ seq, codec, receivedAt: 9 })
      expect(inspect(record)).toContain('redacted')
    }
    expect((await log.get(1))!.redacted).toBe(false)
  })

  it('comes in its place in pages, streams and follows', async () => {
    const all = [false, true, true, true]
    expect((await collect(log.read())).map(isGone)).toEqual(all)
    expect((await collect(log.read({ reverse: true }))).map(isGone)).toEqual(all.toReversed())
    expect((await log.page({ after: 0 })).items.map(isGone)).toEqual(all)
    const followed: boolean[] = []
    for await (const record of log.follow()) if (followed.push(isGone(record)) === 4) break
    expect(followed).toEqual(all)
  })

  it('is not put to a filter, which could only fail on it', async () => {
    const { items, older, newer } = await log.page<{ n: number }>({ after: 0, where: ({ value }) => value.n > 0 })
    expect([seqs(items), older, newer]).toEqual([[1], null, null])
  })
})

describe('redact', () => {
  it('is done once, and keeps the key', async () => {
    expect(await log.redact(2)).toEqual({ redacted: false })
    expect(await log.find('k')).toBe(2)
    expect(await log.append({ n: 2 }, { key: 'k' })).toEqual({ seq: 2, duplicate: true })
  })

  it('refuses what is not there', async () => {
    await log.trim({ before: 2 })
    await expect(log.redact(1)).rejects.toMatchObject({ code: 'TRIMMED', first: 2, tip: 4 })
    await expect(log.redact(5)).rejects.toMatchObject({ code: 'OUT_OF_RANGE', min: 1, max: 4 })
    await expect(log.redact(0)).rejects.toMatchObject({ code: 'OUT_OF_RANGE' })
    await expect(log.redact('2' as never)).rejects.toThrow(TypeError)
    const store = await openMemory()
    await expect(store.inbox(alice).redact(1)).rejects.toMatchObject({ code: 'NO_ACTOR' })
  })
})
