/** Redactions where the embedded driver differs from a plain one: damage, a paused index, a closing store. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { ReadPace } from '../../src/bytes/read-pace.ts'
import { alice, append, appendAll, contents, inbox, readAll } from '../../src/log-store/conformance/suite.ts'
import { readBareIndex } from '../engine/bare-index.ts'
import { damage, damaged, log, using } from './embedded-damage.ts'
import { copyOf, openDriver, reopened, withDirectory, withStore } from './embedded-store.ts'
import { withReader } from './read-only-fixtures.ts'

it('a damaged record can be redacted: moderation does not wait for a repair', () =>
  damaged(
    path => damage(path, 'second'),
    async open => {
      await using(open, async store => {
        await expect(store.read(log, { from: 2, to: 2, limit: 1 })).rejects.toMatchObject({ code: 'CORRUPT' })
        expect(await store.redact(log, 2)).toMatchObject({ redacted: true })
        expect(await contents(store, log)).toEqual(['1 first', '2 ', '3 third', '4 shared body'])
      })
      await using(open, async store => {
        expect(await contents(store, log)).toEqual(['1 first', '2 ', '3 third', '4 shared body'])
      })
    },
  ))

it('readers see it while the index does not have it, and after a rebuild, a replay and without the owner', () =>
  withStore({}, async (store, path) => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a', 'b', 'c'])
    await store.flushIndex()
    store.indexer.pause()
    await store.redact(inbox(alice), 2)
    await append(store, inbox(alice), 'd')
    await store.redact(inbox(alice), 4)
    const expected = ['1 a', '2 ', '3 c', '4 ']
    expect(await contents(store, inbox(alice))).toEqual(expected)
    await withReader(path, async reader => expect(await contents(reader, inbox(alice))).toEqual(expected))
    const copy = await copyOf(path, `${path}-copy`)
    await reopened(copy, async replayed => expect(await contents(replayed, inbox(alice))).toEqual(expected))
    await rm(join(copy, 'index'), { recursive: true })
    await reopened(copy, async anew => expect(await contents(anew, inbox(alice))).toEqual(expected))
    store.indexer.resume()
    await store.flushIndex()
    expect(await contents(store, inbox(alice))).toEqual(expected)
    await store.rebuildIndex(inbox(alice))
    expect(await contents(store, inbox(alice))).toEqual(expected)
  }))

it('the index goes on holding the tip, when all that a batch brings is a redaction below it', () =>
  // The head in the index followed from what was in the batch: a redaction of record 1 set the tip back to 1.
  withDirectory(async path => {
    const store = await openDriver(path)
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a', 'b', 'c'])
    await store.flushIndex()
    await store.redact(inbox(alice), 1)
    await store.close()
    const bare = await readBareIndex(join(path, 'index'), alice)
    expect(bare?.inbox).toEqual({ first: 1, tip: 3, sequences: [1, 2, 3] })
  }))

it('one that was asked for before a close is done by it', () =>
  withDirectory(async path => {
    const store = await openDriver(path)
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a', 'b'])
    const asked = [1, 2, 2].map(seq => store.redact(inbox(alice), seq))
    await store.close()
    expect((await Promise.all(asked)).map(answer => answer?.redacted)).toEqual([true, true, false])
    await expect(store.redact(inbox(alice), 1)).rejects.toMatchObject({ code: 'CLOSED' })
    await reopened(path, async again => {
      expect((await readAll(again, inbox(alice))).map(({ redacted }) => redacted)).toEqual([true, true])
    })
  }))

it('a record whose place was known before is read as redacted, at any pace', () =>
  withStore({}, async store => {
    await store.addActor(alice)
    await appendAll(store, inbox(alice), ['a', 'b', 'c'])
    await store.flushIndex()
    expect(await contents(store, inbox(alice))).toEqual(['1 a', '2 b', '3 c'])
    await store.redact(inbox(alice), 2)
    expect(await contents(store, inbox(alice))).toEqual(['1 a', '2 ', '3 c'])
    await store.flushIndex()
    expect(await contents(store, inbox(alice))).toEqual(['1 a', '2 ', '3 c'])
    const pace = vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockReturnValue(false)
    onTestFinished(() => pace.mockRestore())
    expect(await contents(store, inbox(alice))).toEqual(['1 a', '2 ', '3 c'])
    await store.redact(inbox(alice), 3)
    await store.compact({ deadShareMin: 0 })
    expect(await contents(store, inbox(alice))).toEqual(['1 a', '2 ', '3 '])
  }))
