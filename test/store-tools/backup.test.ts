/** Backup and restore: links and copies, runs that were interrupted, what is no backup, and what an open does to one. */
import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readIdentity } from '../../src/commit-log/identity.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { alice, append, bob, inbox } from '../../src/log-store/conformance/suite.ts'
import { open } from '../../src/open.ts'
import { backup } from '../../src/tools/backup.ts'
import { restore } from '../../src/tools/restore.ts'
import { verify } from '../../src/tools/verify.ts'
import { everything, fill, segment, whole } from '../log-store/embedded-damage.ts'
import { copyOf, filesBelow, openDriver, reopened, withDirectory } from '../log-store/embedded-store.ts'

interface Places {
  readonly path: string
  readonly directory: string
  readonly restored: string
}

/** A closed store of three segments, and where its backup and what is restored from that go. */
async function withBackup(use: (places: Places) => Promise<void>): Promise<void> {
  await withDirectory(async path => {
    await reopened(path, fill)
    for (let n = 0; n < 2; n += 1) await reopened(path, store => append(store, inbox(bob), `filler ${n}`))
    await use({ path, directory: join(path, '..', 'backup'), restored: join(path, '..', 'restored') })
  })
}

const inodeOf = async (path: string): Promise<number> => (await stat(path)).ino
/** Content and times of the files that hold the truth: what nobody may change. */
async function truthOf(path: string): Promise<unknown> {
  const files = [...(await filesBelow(path))].filter(([name]) => name === 'twinlog.id' || name.startsWith('segments'))
  return Promise.all(files.map(async ([name, bytes]) => [name, bytes, (await stat(join(path, name))).mtimeMs]))
}
const everythingIn = (path: string): Promise<typeof whole> => reopened(path, everything)
const all = { ...whole, bob: [...whole.bob, '2 filler 0', '3 filler 1'] }

describe('a backup', () => {
  it('links what never changes again, and copies the rest; the source stays as it is', () =>
    withBackup(async ({ path, directory }) => {
      const before = await truthOf(path)
      expect(await backup(path, directory)).toMatchObject({ linked: 2, copied: 1, kept: 0, path, directory })
      expect(await truthOf(path)).toEqual(before)
      expect(await inodeOf(segment(directory, 1))).toBe(await inodeOf(segment(path, 1)))
      expect(await inodeOf(segment(directory, 3))).not.toBe(await inodeOf(segment(path, 3)))
    }))

  it('copies everything when it is told to', () =>
    withBackup(async ({ path, directory }) => {
      expect(await backup(path, directory, { copy: true })).toMatchObject({ linked: 0, copied: 3, kept: 0 })
      for (const n of [1, 2, 3]) expect(await inodeOf(segment(directory, n))).not.toBe(await inodeOf(segment(path, n)))
    }))

  it('is brought up to date with what is new alone', () =>
    withBackup(async ({ path, directory }) => {
      await backup(path, directory)
      expect(await backup(path, directory)).toMatchObject({ linked: 0, copied: 0, kept: 3 })
      await reopened(path, store => append(store, inbox(bob), 'one more'))
      expect(await backup(path, directory)).toMatchObject({ linked: 1, copied: 1, kept: 2 })
    }))

  it('of a store to which nothing was written is one, too', () =>
    withDirectory(async path => {
      await (await openDriver(path)).close()
      const [directory, restored] = [join(path, '..', 'backup'), join(path, '..', 'restored')]
      expect(await backup(path, directory)).toMatchObject({ commit: 0, linked: 0, copied: 0 })
      await restore(directory, restored)
      await reopened(restored, async store => expect(await store.addActor(alice)).toEqual({ added: true }))
    }))

  it('holds damage as it is: what a restored store shows is what the source shows', () =>
    withBackup(async ({ path, directory, restored }) => {
      const bytes = await readFile(segment(path))
      bytes[bytes.indexOf('second')]! ^= 1
      await writeFile(segment(path), bytes)
      await backup(path, directory)
      await restore(directory, restored)
      expect(await everythingIn(restored)).toEqual({ ...all, alice: all.alice.with(1, '2 CORRUPT') })
    }))
})

describe('opened by accident', () => {
  it('it is no store, whether finished or not, and nothing changes', () =>
    withBackup(async ({ path, directory }) => {
      await backup(path, directory)
      const before = [await filesBelow(directory), await truthOf(path)]
      for (const options of [{}, { createIfMissing: false }, { readOnly: true }])
        await expect(open(directory, options)).rejects.toMatchObject({ code: expect.stringMatching(/STORE/) })
      expect([await filesBelow(directory), await truthOf(path)]).toEqual(before)
      await rename(join(directory, 'backup.json'), join(directory, 'backup.unfinished'))
      await expect(open(directory)).rejects.toMatchObject({ code: 'NOT_A_STORE' })
    }))

  it('with an identity file put into it, it is a store whose writes leave the linked segments alone', () =>
    withBackup(async ({ path, directory }) => {
      await backup(path, directory)
      const before = await truthOf(path)
      await cp(join(path, 'twinlog.id'), join(directory, 'twinlog.id'))
      await reopened(directory, async store => {
        for (let n = 0; n < 30; n += 1) await append(store, inbox(bob), `stray ${n} ${'x'.repeat(500)}`)
        await store.trim(inbox(bob), 9)
        await store.removeActor(alice)
      })
      expect(await truthOf(path)).toEqual(before)
      expect(await everythingIn(path)).toEqual(all)
    }))
})

describe('a run that is interrupted', () => {
  /** Ends a backup after so many looks at the signal. */
  async function interrupted(path: string, directory: string, looks: number): Promise<void> {
    const stop = new Error('stop')
    let left = looks
    const signal = new AbortController().signal
    Object.defineProperty(signal, 'throwIfAborted', {
      value: () => {
        left -= 1
        if (left < 0) throw stop
      },
    })
    await expect(backup(path, directory, { signal, copy: true })).rejects.toBe(stop)
  }

  it('the first one: there is no backup yet, and the next run ends it with what is there', () =>
    withBackup(async ({ path, directory, restored }) => {
      await interrupted(path, directory, 4)
      expect(existsSync(segment(directory, 1))).toBe(true)
      await expect(restore(directory, restored)).rejects.toMatchObject({ code: 'NOT_A_BACKUP', reason: 'unfinished' })
      await expect(open(directory)).rejects.toMatchObject({ code: 'NOT_A_STORE' })
      const { kept } = await backup(path, directory, { copy: true })
      expect(kept).toBeGreaterThan(0)
      await restore(directory, restored)
      expect(await everythingIn(restored)).toEqual(all)
    }))

  it('at its very beginning: nobody makes a new store in the directory', () =>
    withBackup(async ({ path, directory }) => {
      await interrupted(path, directory, 1)
      await expect(open(directory)).rejects.toMatchObject({ code: 'NOT_A_STORE' })
    }))

  it.each([2, 3, 4, 5])('a later one, at %i: the backup before it still counts', looks =>
    withBackup(async ({ path, directory, restored }) => {
      await backup(path, directory)
      await reopened(path, store => append(store, inbox(bob), 'one more'))
      await interrupted(path, directory, looks)
      await restore(directory, restored)
      expect(await everythingIn(restored)).toEqual(all)
    }),
  )
})

describe('another past', () => {
  it('another store, another timeline, and what is no backup are refused, and nothing changes', () =>
    withBackup(async ({ path, directory, restored }) => {
      await backup(path, directory)
      await restore(directory, restored)
      const other = join(path, '..', 'other')
      await reopened(other, fill)
      const before = await filesBelow(directory)
      const refused = (from: string): Promise<void> =>
        expect(backup(from, directory)).rejects.toMatchObject({ code: 'NOT_A_BACKUP', path: directory })
      await expect(backup(other, directory)).rejects.toMatchObject({ reason: 'other-store' })
      await refused(other)
      await expect(backup(restored, directory)).rejects.toMatchObject({ reason: 'diverged' })
      expect(await filesBelow(directory)).toEqual(before)
      await expect(backup(path, other)).rejects.toMatchObject({ code: 'NOT_EMPTY', path: other })
      await expect(backup(directory, restored)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' })
    }))

  it('an older copy that was put in place and went on is refused: the backup has what it lost', () =>
    withBackup(async ({ path, directory }) => {
      const older = await copyOf(path, join(path, '..', 'older'))
      await reopened(path, async store => {
        await append(store, inbox(bob), 'only in the backup')
      })
      await backup(path, directory)
      await expect(backup(older, directory)).rejects.toMatchObject({ code: 'NOT_A_BACKUP', reason: 'diverged' })
      for (let n = 0; n < 3; n += 1) await reopened(older, store => append(store, inbox(bob), `another past ${n}`))
      await expect(backup(older, directory)).rejects.toMatchObject({ code: 'NOT_A_BACKUP', reason: 'diverged' })
    }))

  it('a commit that nothing vouched for, and that an open has written again since, is no other past', () =>
    withBackup(async ({ path, directory, restored }) => {
      // The owner is killed: its last commit is whole, the backup takes it, and the next open writes it again.
      const store = await openDriver(path, { unindexedMax: 10_000 })
      store.indexer.pause()
      for (let n = 0; n < 3; n += 1) await append(store, inbox(bob), `before the kill ${n}`)
      const killed = await copyOf(path, join(path, '..', 'killed'))
      await store.close()
      await backup(killed, directory)
      await reopened(killed, each => append(each, inbox(bob), 'after it'))
      await backup(killed, directory)
      await restore(directory, restored)
      expect(await everythingIn(restored)).toEqual(await everythingIn(killed))
    }))
})

describe('restoring', () => {
  it('gives everything in a timeline of its own, and links nothing', () =>
    withBackup(async ({ path, directory, restored }) => {
      await backup(path, directory)
      const report = await restore(directory, restored)
      expect(await inodeOf(segment(restored, 1))).not.toBe(await inodeOf(segment(path, 1)))
      const [old, fresh] = [await readIdentity(nodeDisk(path)), await readIdentity(nodeDisk(restored))]
      expect(fresh).toMatchObject({ storeId: old!.storeId, createdAt: old!.createdAt, timeline: report.timeline })
      expect(fresh!.timeline).not.toBe(old!.timeline)
      const twice = await restore(directory, join(path, '..', 'twice'))
      expect(twice.timeline).not.toBe(report.timeline)
      expect(await everythingIn(restored)).toEqual(all)
      expect((await verify(restored)).isClean).toBe(true)
    }))

  it('what is lost from a backup is said, and no store is made of the rest', async () => {
    for (const harm of [
      (directory: string) => rm(segment(directory, 2)),
      (directory: string) => truncate(segment(directory, 2), 300),
      (directory: string) => truncate(segment(directory, 3), 200),
      async (directory: string) => {
        const bytes = await readFile(segment(directory, 3))
        bytes[bytes.length - 20]! ^= 1
        await writeFile(segment(directory, 3), bytes)
      },
    ])
      await withBackup(async ({ path, directory, restored }) => {
        await backup(path, directory, { copy: true })
        await harm(directory)
        await expect(restore(directory, restored)).rejects.toMatchObject({ code: 'LOG_LOST' })
        expect(existsSync(restored)).toBe(false)
      })
  })

  it('refuses a place that is taken, what is no backup, and a damaged manifest', () =>
    withBackup(async ({ path, directory, restored }) => {
      await expect(restore(path, restored)).rejects.toMatchObject({ code: 'NOT_A_BACKUP', reason: 'absent' })
      await backup(path, directory)
      await expect(restore(directory, path)).rejects.toMatchObject({ code: 'NOT_EMPTY', path })
      await mkdir(restored)
      await restore(directory, restored)
      const manifest = join(directory, 'backup.json')
      const text = await readFile(manifest, 'utf8')
      for (const broken of [text.replace('"commit": ', '"commit": 1'), text.slice(0, 40), '[]', 'null']) {
        await writeFile(manifest, broken)
        const rejected = expect(restore(directory, join(path, '..', 'never'))).rejects
        await rejected.toMatchObject({ code: 'NOT_A_BACKUP', reason: 'damaged' })
      }
      // The segments still say which store it is.
      expect((await verify(directory)).findings).toMatchObject([{ code: 'IDENTITY_DAMAGED' }])
    }))

  it('says from the first moment that the new store is unfinished: a crash leaves no place to make an empty one', () =>
    withBackup(async ({ path, directory, restored }) => {
      await backup(path, directory)
      const seen: string[][] = []
      await restore(directory, restored, { onProgress: () => seen.push(readdirSync(restored)) })
      expect(seen[0]).toContain('unfinished')
      expect(readdirSync(restored)).not.toContain('unfinished')
    }))

  it('leaves nothing when it is stopped', () =>
    withBackup(async ({ path, directory, restored }) => {
      await backup(path, directory)
      const stop = new AbortController()
      const options = { signal: stop.signal, onProgress: () => stop.abort('enough') }
      await expect(restore(directory, restored, options)).rejects.toBe('enough')
      expect(existsSync(restored)).toBe(false)
    }))
})
