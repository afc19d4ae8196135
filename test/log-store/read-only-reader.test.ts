/** A read-only store by itself: it touches nothing, changes nothing, and reads on past damage. */
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { alice, append, appendAll, bob, contents, inbox } from '../../src/log-store/conformance/suite.ts'
import { openReadOnly } from '../../src/log-store/read-only/open-read-only.ts'
import type { ReadOnlyLogStore } from '../../src/log-store/read-only/read-only-log-store.ts'
import { codeOf, holdings, openDriver, reopened, withDirectory, withStore } from './embedded-store.ts'
import { everything, look, withReader } from './read-only-fixtures.ts'

describe('a reader', () => {
  it('sees what was acknowledged before it was asked, even while it is looking', async () => {
    // A look at the files that had begun before was taken for an answer to a question that came after it.
    await withStore({}, async (owner, path) => {
      await owner.addActor(alice)
      let gate: Promise<void> | null = null
      const inner = nodeDisk(path)
      const disk = {
        ...inner,
        open(file: string) {
          const opened = inner.open(file)
          const size = async (): Promise<number> => {
            const bytes = await opened.size()
            await gate
            return bytes
          }
          return {
            readSync: opened.readSync.bind(opened),
            read: opened.read.bind(opened),
            write: opened.write.bind(opened),
            sync: opened.sync.bind(opened),
            close: opened.close.bind(opened),
            size,
          }
        },
      }
      const reader = await openReadOnly({ path, disk, onScan: () => undefined })
      let letGo = (): void => undefined
      gate = new Promise(resolve => (letGo = resolve))
      const early = reader.bounds(inbox(alice))
      await new Promise(resolve => setImmediate(resolve))
      await append(owner, inbox(alice), 'x')
      const late = reader.bounds(inbox(alice))
      letGo()
      await early
      expect(await late).toMatchObject({ tip: 1 })
      await reader.close()
    })
  })

  it('gives copies: what is done to them changes nothing', async () => {
    await withStore({}, async (owner, path) => {
      await owner.append({ payloads: [], appends: [], items: [{ key: 'i', value: Buffer.from('value') }] })
      for (const store of [owner, await look(path)]) {
        ;(await store.item('i'))!.value.fill(0)
        for await (const [, item] of store.listItems('')) item.value.fill(0)
        expect(String((await store.item('i'))!.value)).toBe('value')
        if (store !== owner) await store.close()
      }
    })
  })

  it('refuses every change with READ_ONLY, and says CLOSED once it is closed', async () => {
    await withStore({}, async (owner, path) => {
      await owner.addActor(alice)
      const reader = await look(path)
      const changes = [() => reader.addActor(), () => reader.removeActor(), () => reader.append(), () => reader.trim()]
      for (const change of changes) expect(await codeOf(change())).toBe('READ_ONLY')
      const reads = [...Array(20).keys()].map(() => codeOf(contents(reader, inbox(alice))))
      await reader.close()
      for (const code of await Promise.all(reads)) expect([null, 'CLOSED']).toContain(code)
      for (const change of changes) expect(await codeOf(change())).toBe('CLOSED')
      expect(await codeOf(reader.bounds(inbox(alice)))).toBe('CLOSED')
    })
  })

  it('creates and changes no file, beside an owner or without one, and needs no right to write', async () => {
    await withDirectory(async path => {
      const owner = await openDriver(path)
      await owner.addActor(alice)
      for (let i = 0; i < 40; i += 1) await append(owner, inbox(alice), 'x'.repeat(300))
      await owner.flushIndex()
      const beside = await snapshot(path)
      await withReader(path, everythingTwice)
      expect(await snapshot(path)).toEqual(beside)
      await owner.close()
      await chmod(path, 0o555)
      try {
        const alone = await snapshot(path)
        await withReader(path, everythingTwice)
        expect(await snapshot(path)).toEqual(alone)
      } finally {
        await chmod(path, 0o755)
      }
    })
  })

  it('works without an index and without a lock file', async () => {
    await withDirectory(async path => {
      await reopened(path, async store => {
        await store.addActor(alice)
        await appendAll(store, inbox(alice), ['1', '2'])
      })
      await rm(join(path, 'index'), { recursive: true })
      for (const name of ['index.starts', 'lock']) await rm(join(path, name))
      await withReader(path, async reader => expect(await contents(reader, inbox(alice))).toEqual(['1 1', '2 2']))
      expect(await readdir(path)).toEqual(['segments', 'twinlog.id'])
    })
  })

  it('loses to a damaged payload its record alone, and reads on past damage that an owner would refuse', async () => {
    await withDirectory(async path => {
      await reopened(path, async store => {
        await store.addActor(alice)
        await appendAll(store, inbox(alice), ['first', 'second', 'third'])
        await store.addActor('hidden')
        await store.addActor(bob)
      })
      const file = join(path, 'segments', '0000000001-0000000001.0.seg')
      const bytes = await readFile(file)
      bytes[bytes.indexOf('second')]! ^= 1
      bytes[bytes.indexOf('hidden')]! ^= 1
      await writeFile(file, bytes)
      await withReader(path, async reader => {
        expect(await reader.bounds(inbox(alice))).toMatchObject({ first: 1, tip: 3 })
        expect(await codeOf(reader.read(inbox(alice), { from: 2, to: 3, limit: 2 }))).toBe('CORRUPT')
        expect((await reader.read(inbox(alice), { from: 3, to: 3, limit: 1 }))!.records).toHaveLength(1)
        expect(await reader.actorStatus(bob)).toBe('active')
        expect(await reader.actorStatus('hidden')).toBe('unknown')
      })
    })
  })
})

async function everythingTwice(reader: ReadOnlyLogStore): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    await everything(reader)
    await holdings(reader, inbox(alice))
  }
}

/** Names, sizes and times of everything below a directory, the directory itself included. */
async function snapshot(path: string): Promise<unknown> {
  const found = ['.', ...(await readdir(path, { recursive: true }))].toSorted()
  return Promise.all(
    found.map(async name => {
      const { size, mtimeMs, ctimeMs, mode } = await stat(join(path, name))
      return { name, size, mtimeMs, ctimeMs, mode }
    }),
  )
}
