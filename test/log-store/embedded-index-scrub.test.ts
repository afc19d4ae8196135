/**
 * A large index is checked while the store serves. LevelDB checks nothing itself: a flipped bit in a table hid keys and
 * showed older values, and merging the table wrote the damage into new ones, under checksums that match.
 */
import { readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { alice, append, inbox, key } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { KeyIndex } from '../../src/key-index/key-index.ts'
import { HeldTables } from '../../src/key-index/table-files.ts'
import { codeOf, holdings, openDriver, reopened, withDirectory } from './embedded-store.ts'
import { flipTables } from './level-damage.ts'
import { told } from './told.ts'

const log = inbox(alice)
const background = { scrubFirstBytesMax: 0 }
const keys = Array.from({ length: 300 }, (_, i) => `k${i + 1}`)

async function fill(store: EmbeddedLogStore): Promise<void> {
  await store.addActor(alice)
  for (const each of keys) void append(store, log, `record ${each}`, { key: key(each) })
  await append(store, log, 'the last')
  await store.flushIndex()
  await append(store, log, 'one more')
}

const everything = (store: EmbeddedLogStore): Promise<unknown> => holdings(store, log, [...keys, 'none'])

/** Waits for the check that runs beside the store to end. */
async function scrubbed(store: EmbeddedLogStore): Promise<string> {
  await vi.waitFor(() => expect(store.stats().index.scrub).not.toBe('running'), { timeout: 20_000 })
  return store.stats().index.scrub
}

describe('an index that is checked while the store serves', () => {
  it('passes when it is whole, and says so', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const messages = await told('twinlog:index-scrub', () =>
        reopened(
          path,
          async store => {
            expect(store.stats().index.scrub).toBe('running')
            expect(await scrubbed(store)).toBe('passed')
          },
          background,
        ),
      )
      expect(messages).toEqual([{ path, tables: 1, bytes: expect.any(Number), damage: null }])
    })
  })

  it('that is damaged is condemned, and made anew by the next open: nothing is lost', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const expected = await reopened(path, everything)
      await flipTables(path)
      const scrubs = await told('twinlog:index-scrub', () =>
        reopened(path, async store => expect(await scrubbed(store)).toBe('damaged'), background),
      )
      expect(scrubs).toMatchObject([
        { path, tables: expect.any(Number), damage: expect.stringMatching(/^\d+\.ldb is damaged at byte \d+$/) },
      ])
      const opened = await told('twinlog:open', async () =>
        expect(await reopened(path, everything, background)).toEqual(expected),
      )
      expect(opened).toMatchObject([{ indexRebuilt: true, rebuiltFor: expect.stringMatching(/\.ldb is damaged/) }])
      expect(await told('twinlog:open', () => reopened(path, everything))).toMatchObject([{ indexRebuilt: false }])
    })
  })

  it('answers nothing more once damage is known: what memory does not have is INDEX_FAILED until the next open', async () => {
    // The check had found damage, and said so. Until somebody opened the store again, a key that the damage hid still
    // looked absent, and an append with it was admitted once more.
    await withDirectory(async path => {
      await reopened(path, fill)
      const finds: ((damage: string) => void)[] = []
      const check = vi.spyOn(HeldTables.prototype, 'findDamage')
      check.mockImplementation(() => new Promise(resolve => finds.push(resolve)))
      try {
        const store = await openDriver(path, background)
        expect(await store.find(log, key('none'))).toBeNull()
        expect(await store.actorStatus('nobody')).toBe('unknown')
        expect(await append(store, log, 'while it was checked', { key: key('new') })).toMatchObject({ seq: 303 })
        const read = (seq: number) => store.read(log, { from: seq, to: seq, limit: 1 })
        expect((await read(5))?.records).toHaveLength(1)
        await vi.waitFor(() => expect(finds).toHaveLength(1))
        finds[0]!('for a test')
        expect(await scrubbed(store)).toBe('damaged')
        expect(store.stats().index.state).toBe('failed')

        const asked = {
          'a key': store.find(log, key('k7')),
          'a key that looked absent': store.find(log, key('none')),
          'an append with a key': append(store, log, 'record k8', { key: key('k8') }),
          'an append with one that looked absent': append(store, log, 'none', { key: key('none') }),
          'a record': read(5),
          'an actor': store.actorStatus('somebody'),
          'an actor that looked absent': store.actorStatus('nobody'),
          'all actors': store.listActors({ after: 0, limit: 10 }),
          'an item': store.item('item'),
          'all items': store.listItems('').next(),
          'bringing it up to date': store.flushIndex(),
          'giving space back': store.compact(),
        }
        const codes = Object.entries(asked).map(async ([what, answer]) => [what, await codeOf(answer)])
        expect(await Promise.all(codes)).toEqual(Object.keys(asked).map(what => [what, 'INDEX_FAILED']))

        expect(await append(store, log, 'without a key')).toMatchObject({ seq: 304 })
        expect((await read(304))?.records).toHaveLength(1)
        expect(await store.bounds(log)).toMatchObject({ first: 1, tip: 304 })
        await store.close()
      } finally {
        check.mockRestore()
      }
      const opened = await told('twinlog:open', () =>
        reopened(path, async store => {
          expect(await store.find(log, key('new'))).toBe(303)
          expect(await store.find(log, key('none'))).toBeNull()
          expect(await append(store, log, 'record k8', { key: key('k8') })).toMatchObject({ seq: 8 })
          expect(await store.bounds(log)).toMatchObject({ first: 1, tip: 304 })
        }),
      )
      expect(opened).toMatchObject([{ indexRebuilt: true, rebuiltFor: expect.stringMatching(/for a test/) }])
    })
  })

  it('gives no answer that was under way when damage was found', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const open = vi.spyOn(KeyIndex, 'open')
      try {
        await reopened(path, async store => {
          const index = (await open.mock.results[0]!.value) as KeyIndex
          await store.bounds(log)
          const asked = [store.find(log, key('k7')), store.actorStatus('nobody'), store.listItems('').next()].map(
            codeOf,
          )
          // They have asked LevelDB by then, and have no answer yet.
          await Promise.resolve()
          index.condemned.condemn('for a test')
          expect(await Promise.all(asked)).toEqual(['INDEX_FAILED', 'INDEX_FAILED', 'INDEX_FAILED'])
        })
      } finally {
        open.mockRestore()
      }
    })
  })

  it('is checked no further once the store closes; the next open begins again', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const endless = vi.spyOn(HeldTables.prototype, 'findDamage').mockImplementation(async afterRead => {
        for (;;) await afterRead(1)
      })
      try {
        const store = await openDriver(path, background)
        expect(store.stats().index.scrub).toBe('running')
        await store.close()
        expect(store.stats().index.scrub).toBe('stopped')
      } finally {
        endless.mockRestore()
      }
      await reopened(path, async store => expect(await scrubbed(store)).toBe('passed'), background)
    })
  })

  it('waits between two reads, so that the event loop turns', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const waits: unknown[] = []
      const slow = vi.spyOn(HeldTables.prototype, 'findDamage').mockImplementation(async afterRead => {
        const waited = afterRead(256 * 1024)
        waits.push(await Promise.race([waited, new Promise(resolve => setImmediate(() => resolve('turned')))]))
        await waited
        return null
      })
      try {
        await reopened(path, async store => expect(await scrubbed(store)).toBe('passed'), background)
      } finally {
        slow.mockRestore()
      }
      expect(waits).toEqual(['turned'])
    })
  })
})

describe('a small index', () => {
  it('is checked before LevelDB sees it', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const expected = await reopened(path, everything)
      await flipTables(path)
      const open = vi.spyOn(KeyIndex, 'open')
      const created = vi.spyOn(KeyIndex, 'create')
      try {
        const scrubs = await told('twinlog:index-scrub', async () =>
          expect(await reopened(path, everything)).toEqual(expected),
        )
        expect(scrubs).toMatchObject([
          { path, tables: expect.any(Number), damage: expect.stringMatching(/\.ldb is damaged/) },
        ])
        expect(created).toHaveBeenCalledTimes(1)
        // By `create`, in an empty folder.
        expect(open).toHaveBeenCalledTimes(1)
      } finally {
        open.mockRestore()
        created.mockRestore()
      }
    })
  })
})

describe('a log that is shorter than its index is LOG_LOST', () => {
  /** Two segments; the second one is lost. What the index still says of it is the only witness. */
  async function shortened(path: string): Promise<void> {
    await reopened(path, fill)
    await reopened(path, async store => {
      for (const text of ['in a new segment', 'in another batch']) {
        await append(store, log, text)
        await store.flushIndex()
      }
    })
    const segments = (await readdir(join(path, 'segments'))).toSorted()
    expect(segments.length).toBeGreaterThan(1)
    await rm(join(path, 'segments', segments.at(-1)!))
  }
  const harms: Record<string, (path: string) => Promise<unknown>> = {
    'is whole': async () => undefined,
    'has a damaged table': flipTables,
    'has no CURRENT': path => rm(join(path, 'index', 'CURRENT')),
    'has a MANIFEST that is cut': async path => {
      const name = (await readdir(join(path, 'index'))).find(each => each.startsWith('MANIFEST'))!
      await truncate(join(path, 'index', name), 20)
    },
    // Then only its tables know.
    'has lost its write-ahead log, and CURRENT': async path => {
      const names = (await readdir(join(path, 'index'))).filter(name => name === 'CURRENT' || name.endsWith('.log'))
      for (const name of names) await rm(join(path, 'index', name))
    },
    'is condemned': path => writeFile(join(path, 'index', 'condemned'), 'for a test\n'),
    'ended three processes': path => writeFile(join(path, 'index.starts'), '3\n'),
  }

  it.each(Object.entries(harms))('and never made anew, when the index %s', async (_, harm) => {
    await withDirectory(async path => {
      await shortened(path)
      await harm(path)
      const files = await readdir(join(path, 'index'))
      for (let round = 0; round < 2; round += 1) expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
      const refused = openDriver(path, { rebuild: { force: false, signal: undefined } })
      expect(await codeOf(refused)).toBe('LOG_LOST')
      const kept = await readdir(join(path, 'index'))
      expect(kept.filter(name => name.endsWith('.ldb'))).toEqual(expect.arrayContaining(files.filter(isTable)))
      // Asked to, it takes what there is for all there was.
      await reopened(path, async store => expect(await store.bounds(log)).toMatchObject({ tip: 302 }), {
        rebuild: { force: true, signal: undefined },
      })
    })
  })
})

const isTable = (name: string): boolean => name.endsWith('.ldb')
