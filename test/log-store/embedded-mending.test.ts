/** What mending the index must not do on its way: make something that is there look absent, or keep a caller waiting. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it, onTestFinished, vi } from 'vitest'
import { IndexBatch } from '../../src/key-index/index-batch.ts'
import { append, alice, bytesOf, inbox, key, textOf } from '../../src/log-store/conformance/suite.ts'
import { actorNumber, bareKey, withBare } from './embedded-bare-index.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { reopened, withDirectory, withStore } from './embedded-store.ts'

const log = inbox(alice)
const segment = 'segments/0000000001-0000000001.0.seg'
afterEach(() => void vi.useRealTimers())

it('a damaged key that can not be mended is refused each time, and never taken for absent', async () => {
  // Mending dropped the damaged value first and read the log then. That failed, for a commit was damaged as well. The
  // retry found no key, and appended the record a second time.
  await withDirectory(async path => {
    await reopened(path, async store => {
      await store.addActor(alice)
      for (let i = 1; i <= 5; i += 1) await append(store, log, `record ${i}`, { key: key(`k${i}`) })
    })
    await withBare(path, async index => {
      const at = bareKey(2 * (await actorNumber(index, alice)), 2, ...key('k5'))
      const sealed = Buffer.from((await index.get(at))!)
      sealed[0]! ^= 1
      await index.put(at, sealed)
    })
    const bytes = await readFile(join(path, segment))
    // The header of the entry that holds the first record: its payload, and before it its key and its last header byte.
    bytes[bytes.indexOf('record 1') - 16 - 20]! ^= 1
    await writeFile(join(path, segment), bytes)
    await reopened(path, async store => {
      for (let attempt = 0; attempt < 3; attempt += 1) {
        await expect(append(store, log, 'record 5', { key: key('k5') })).rejects.toMatchObject({ code: 'LOG_LOST' })
      }
      expect(await store.bounds(log)).toMatchObject({ tip: 5 })
    })
  })
})

it('a trim clears what it trimmed, even when the index has lost that the actor is there', async () => {
  // The sweep asked whether the actor was still active, took a lost key for 'no', and cleared the log with all its keys.
  await withDirectory(async path => {
    await reopened(path, async store => {
      await store.addActor(alice)
      for (let i = 1; i <= 5; i += 1) await append(store, log, `record ${i}`, { key: key(`k${i}`) })
    })
    await withBare(path, async index => {
      const number = await actorNumber(index, alice)
      await index.del(bareKey(0, 4, 0, 0, 0, 0, 0, number))
    })
    await reopened(path, async store => {
      expect(await store.trim(log, 4)).toMatchObject({ first: 4, tip: 5 })
      await store.flushIndex()
      expect(await append(store, log, 'record 2', { key: key('k2') })).toEqual({ status: 'duplicate', seq: 2 })
      expect(await append(store, log, 'record 5', { key: key('k5') })).toEqual({ status: 'duplicate', seq: 5 })
    })
  })
})

it('a full index is worked on at once, whatever the timer does', async () => {
  // More changes than the limit, but fewer than make a batch worth while: appends waited for a timer that does not keep
  // the process alive, and Node ended it with them unanswered.
  await withStore({ unindexedMax: 1000 }, async store => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    await store.addActor(alice)
    await store.flushIndex()
    const body = { codec: 'bytes' as const, bytes: bytesOf('x') }
    const appends = Array.from({ length: 1500 }, () => ({ log, payload: 0, receivedAt: 1 }))
    await store.append({ payloads: [body], appends })
    expect(await append(store, log, 'one more')).toEqual({ status: 'appended', seq: 1501 })
    vi.useRealTimers()
  })
})

it('a redacted record stays redacted while its log is mended, and when that does not come to its end', async () => {
  // The places of a log's records were written in batches, in the order of the commit log. Until the batch with the
  // redaction was there, the index said again where the record had stood, and readers got what had been taken out; after
  // a crash in between, for good.
  await withDirectory(async path => {
    const options = { unindexedMax: 100_000 }
    const fill = async (store: EmbeddedLogStore): Promise<void> => {
      await store.addActor(alice)
      const payloads = [{ codec: 'bytes' as const, bytes: bytesOf('secret') }]
      const appends = Array.from({ length: 4000 }, () => ({ log, payload: 0, receivedAt: 1 }))
      for (let i = 0; i < 2; i += 1) await store.append({ payloads, appends })
      await store.redact(log, 1)
    }
    await reopened(path, fill, options)
    await reopened(
      path,
      async store => {
        const seen: string[] = []
        const write = Reflect.get(IndexBatch.prototype, 'write')
        vi.spyOn(IndexBatch.prototype, 'write').mockImplementation(async function (this: IndexBatch) {
          await write.call(this)
          const slice = await store.read(log, { from: 1, to: 2, limit: 2 })
          seen.push(slice!.records.map(({ payload }) => textOf(payload)).join())
        })
        onTestFinished(() => void vi.restoreAllMocks())
        await store.rebuildIndex(log)
        expect(seen.length).toBeGreaterThan(1)
        expect(new Set(seen)).toEqual(new Set([',secret']))
      },
      options,
    )
  })
})
