/** The index is derived and may lie: whatever becomes of its files and keys, the store answers as if nothing had been. */
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { append, alice, bob, inbox, key, outbox } from '../../src/log-store/conformance/suite.ts'
import { KeyIndex } from '../../src/key-index/key-index.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { codeOf, copyOf, holdings, openDriver, reopened, withDirectory } from './embedded-store.ts'

const logs = [inbox(alice), outbox(alice), inbox(bob), outbox(bob)]
const keys = ['k1', 'k2', 'k7', 'k19', 'k20', 'none']

async function fill(store: EmbeddedLogStore): Promise<void> {
  for (const actor of [alice, bob, 'gone']) await store.addActor(actor)
  for (let i = 1; i <= 20; i += 1) {
    for (const log of [inbox(alice), outbox(bob)]) await append(store, log, `record ${i}`, { key: key(`k${i}`) })
    await store.append({ payloads: [], appends: [], items: [{ key: `item ${i % 5}`, value: Buffer.from(`${i}`) }] })
  }
  await store.trim(inbox(alice), 5)
  await store.removeActor('gone')
}

/** Everything the store shows. */
async function everything(store: EmbeddedLogStore): Promise<unknown> {
  const items: unknown[] = []
  for await (const [name, item] of store.listItems('')) items.push([name, item.version, String(item.value)])
  return {
    actors: await store.listActors({ after: 0, limit: 10 }),
    statuses: await Promise.all([alice, 'gone', 'never'].map(id => store.actorStatus(id))),
    logs: await Promise.all(logs.map(log => holdings(store, log, keys))),
    items,
    item: await store.item('item 3'),
  }
}

const damages: Record<string, (path: string, bytes: Buffer) => Promise<void>> = {
  deleted: path => rm(path),
  emptied: path => truncate(path, 0),
  'cut in half': (path, bytes) => truncate(path, bytes.length >> 1),
  'short of a byte': (path, bytes) => truncate(path, Math.max(0, bytes.length - 1)),
  zeroed: (path, bytes) => writeFile(path, Buffer.alloc(bytes.length)),
  overwritten: (path, bytes) => writeFile(path, Buffer.alloc(bytes.length, 0x5a)),
}

/** A store whose index lies in tables, as closing leaves it, or in LevelDB's write-ahead log, as a kill does. */
async function original(path: string, kind: 'closed' | 'killed'): Promise<string> {
  const store = await openDriver(path)
  await fill(store)
  // More than one batch, so that closing moves them into a table.
  for (let i = 0; i < 3; i += 1) {
    await append(store, outbox(alice), `late ${i}`)
    await store.flushIndex()
  }
  if (kind === 'killed') {
    const copy = await copyOf(path, `${path}-original`)
    await store.close()
    return copy
  }
  await store.close()
  return copyOf(path, `${path}-original`)
}

describe('a file of the index', () => {
  for (const kind of ['closed', 'killed'] as const) {
    for (const [damage, apply] of Object.entries(damages)) {
      it(`that is ${damage} changes nothing, whichever it is (${kind} store)`, async () => {
        // With its newest table forgotten (MANIFEST cut short) LevelDB opened without a word, deleted the table and kept
        // the checkpoint, which lay in the write-ahead log: no actor was known any more.
        await withDirectory(async path => {
          const from = await original(path, kind)
          const expected = await reopened(await copyOf(from, `${path}-expected`), everything)
          const files = await readdir(join(from, 'index'))
          expect(files.some(name => name.startsWith('MANIFEST'))).toBe(true)
          for (const file of files) {
            const damaged = await copyOf(from, `${path}-damaged`)
            const bytes = await readFile(join(damaged, 'index', file))
            await apply(join(damaged, 'index', file), bytes)
            for (let round = 0; round < 2; round += 1)
              expect(await reopened(damaged, everything), file).toEqual(expected)
            expect(await reopened(damaged, store => append(store, inbox(alice), 'next'))).toMatchObject({ seq: 21 })
          }
        })
      })
    }
  }

  it('that is missing with all the others is made anew, and so is an empty folder', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const expected = await reopened(path, everything)
      await rm(join(path, 'index'), { recursive: true })
      expect(await reopened(path, everything)).toEqual(expected)
      for (const file of await readdir(join(path, 'index'))) await rm(join(path, 'index', file))
      expect(await reopened(path, everything)).toEqual(expected)
    })
  })

  it('of another store is not taken for this one’s', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const expected = await reopened(path, everything)
      await reopened(`${path}-other`, async store => {
        await store.addActor('stranger')
        for (let i = 0; i < 50; i += 1) await append(store, inbox('stranger'), 'x')
      })
      await rm(join(path, 'index'), { recursive: true })
      await cp(join(`${path}-other`, 'index'), join(path, 'index'), { recursive: true })
      expect(await reopened(path, everything)).toEqual(expected)
    })
  })

  it('that LevelDB can not read is met with INDEX_FAILED, once: the next open makes the index anew', async () => {
    // Opening succeeded, every read of that block failed, and it was the same after each reopening.
    await withDirectory(async path => {
      await reopened(path, async store => {
        await fill(store)
        await Promise.all(
          Array.from({ length: 300 }, (_, i) => append(store, outbox(bob), 'x', { key: key(`more ${i}`) })),
        )
      })
      const expected = await reopened(path, everything)
      for (const file of await readdir(join(path, 'index'))) {
        if (file.endsWith('.ldb')) await breakLastBlock(join(path, 'index', file))
      }
      const unchecked = { scrubFirstBytesMax: 0 }
      await reopened(
        path,
        async store => {
          const found = Array.from({ length: 300 }, (_, i) => codeOf(store.find(outbox(bob), key(`more ${i}`))))
          expect(await Promise.all(found)).toContain('INDEX_FAILED')
          expect(await codeOf(store.bounds(inbox(alice)))).toBe('INDEX_FAILED')
          expect(store.stats().index.state).toBe('failed')
        },
        unchecked,
      )
      expect(await reopened(path, everything)).toEqual(expected)
      expect(await reopened(path, store => store.find(outbox(bob), key('more 7')))).toBeGreaterThan(20)
    })
  })
})

/** Gives the last data block of a table a type that LevelDB does not know: nothing else in it is looked at then. */
async function breakLastBlock(path: string): Promise<void> {
  const bytes = await readFile(path)
  let at = bytes.length - 48
  const varint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at]!
      at += 1
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  // The footer: offset and size of the metaindex block, and of the index block.
  varint()
  varint()
  const index = varint()
  const size = varint()
  let end = 0
  at = index
  const blocks = bytes.readUInt32LE(index + size - 4)
  // The first one is read when the store is opened.
  if (blocks === 1) return
  // An entry: shared and unshared bytes of the key, bytes of the value; the key; offset and size of a block.
  for (let block = 0; block < blocks; block += 1) {
    const keyBytes = varint() + varint()
    varint()
    at += keyBytes
    end = varint()
    end += varint()
  }
  bytes[end] = 0x7f
  await writeFile(path, bytes)
}

describe('an index that can not be written', () => {
  it('touches no append until it is full; then appends are INDEX_FAILED, and reopening heals', async () => {
    await withDirectory(async path => {
      const store = await openDriver(path, { unindexedMax: 50, segmentBytes: 1024 * 1024 })
      await store.addActor(alice)
      await store.flushIndex()
      const write = vi.spyOn(KeyIndex.prototype, 'write').mockRejectedValue(new Error('LEVEL_IO_ERROR'))
      try {
        let appended = 0
        for (; appended < 200; appended += 1) {
          const code = await codeOf(
            append(store, inbox(alice), `record ${appended + 1}`, { key: key(`k${appended + 1}`) }),
          )
          if (code !== null) {
            expect(code).toBe('INDEX_FAILED')
            break
          }
        }
        expect(appended).toBeGreaterThanOrEqual(50)
        expect(appended).toBeLessThan(60)
        expect(await codeOf(store.flushIndex())).toBe('INDEX_FAILED')
        expect(store.stats().index.state).toBe('failed')
        expect(await store.bounds(inbox(alice))).toMatchObject({ tip: appended })
        expect(await store.find(inbox(alice), key('k7'))).toBe(7)
        expect(await codeOf(store.trim(inbox(alice), 5))).toBeNull()
        await store.close()
        write.mockRestore()
        await reopened(path, async next => {
          expect(await next.bounds(inbox(alice))).toMatchObject({ first: 5, tip: appended })
          expect(await next.find(inbox(alice), key('k7'))).toBe(7)
          expect(await append(next, inbox(alice), 'next')).toMatchObject({ seq: appended + 1 })
        })
      } finally {
        write.mockRestore()
      }
    })
  })
})
