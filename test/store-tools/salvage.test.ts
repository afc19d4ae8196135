/** What salvage makes of a store that does not open any more. */
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readIdentity } from '../../src/commit-log/identity.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { alice, append, bob, inbox, outbox } from '../../src/log-store/conformance/suite.ts'
import { open } from '../../src/open.ts'
import { salvage, type SalvageOptions, type SalvageReport } from '../../src/tools/salvage.ts'
import { backup } from '../../src/tools/backup.ts'
import { damage, fill, keyOf, log, segment } from '../log-store/embedded-damage.ts'
import { codeOf, filesBelow, holdings, openDriver, reopened, withDirectory } from '../log-store/embedded-store.ts'
import { withReader } from '../log-store/read-only-fixtures.ts'

/** A store of four segments: `fill`, then three more records for bob, each in a segment of its own. */
async function harmed(
  harm: (path: string) => Promise<unknown>,
  look: (path: string, to: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async path => {
    await reopened(path, fill)
    for (let n = 0; n < 3; n += 1) await reopened(path, store => append(store, inbox(bob), `filler ${n}`))
    await harm(path)
    await look(path, join(path, '..', 'salvaged'))
  })
}

/** Content and times of everything below a directory. */
async function everyByte(path: string): Promise<unknown> {
  const names = [...(await filesBelow(path)).entries()]
  return Promise.all(names.map(async ([name, bytes]) => [name, bytes, (await stat(join(path, name))).mtimeMs]))
}

const flipIn = async (path: string, n: number, at: number): Promise<void> => {
  const bytes = await readFile(segment(path, n))
  bytes[at]! ^= 0x40
  await writeFile(segment(path, n), bytes)
}

describe('a store that does not open', () => {
  it.each<[string, (path: string) => Promise<unknown>, Partial<SalvageReport>]>([
    [
      'a missing segment',
      path => rm(segment(path, 2)),
      { lost: [{ actor: bob, box: 'inbox', from: 2, to: 2 }], unknownCommits: [{ from: 12, to: 13 }] },
    ],
    ['a damaged header', path => flipIn(path, 3, 50), { lost: [], isComplete: true }],
    [
      'a damaged commit',
      path => damage(path, 'third', -20),
      { lost: [{ actor: alice, box: 'inbox', from: 3, to: 3 }], unknownCommits: [{ from: 5, to: 5 }] },
    ],
    ['no identity file', path => rm(join(path, 'twinlog.id')), { lost: [], isComplete: true }],
    [
      'the last segment gone, which only the index knows of',
      path => rm(segment(path, 4)),
      { lost: [{ actor: bob, box: 'inbox', from: 4, to: 4 }], unknownCommits: [{ from: 16, to: 17 }] },
    ],
  ])('%s: what is good is in the new one, and the source is as it was', async (_, harm, expected) =>
    harmed(harm, async (path, to) => {
      await rm(join(path, 'lock'))
      for (const name of await readdir(join(path, 'segments'))) await utimes(join(path, 'segments', name), 1, 1)
      const before = await everyByte(path)
      expect(await salvage(path, to)).toMatchObject({ ...expected, usedIndex: true })
      expect(await everyByte(path)).toEqual(before)
      const { lost = [] } = expected
      await reopened(to, async store => {
        expect(await store.bounds(log)).toMatchObject({ first: 1, tip: 4 })
        expect(await store.bounds(inbox(bob))).toMatchObject({ first: 1, tip: 4 })
        expect(await store.bounds(outbox(alice))).toMatchObject({ first: 2, tip: 2 })
        for (const { actor, box, from, to: last } of lost)
          for (let seq = from; seq <= last; seq += 1)
            expect(await codeOf(store.read({ actor, box }, { from: seq, to: seq, limit: 1 }))).toBe('LOST')
      })
    }),
  )

  it('of several kinds of damage at once opens again, and its owner goes on', () =>
    harmed(
      async path => {
        await damage(path, 'second')
        await flipIn(path, 3, 20)
        await rm(segment(path, 2))
        await rm(join(path, 'index'), { recursive: true })
        expect(await codeOf(openDriver(path))).toBe('LOG_LOST')
      },
      async (path, to) => {
        const { lost, usedIndex } = await salvage(path, to)
        expect(usedIndex).toBe(false)
        expect(lost).toEqual([
          { actor: alice, box: 'inbox', from: 2, to: 2 },
          { actor: bob, box: 'inbox', from: 2, to: 2 },
        ])
        await reopened(to, async store => {
          expect(await append(store, inbox(bob), 'next')).toEqual({ status: 'appended', seq: 5 })
          expect(await append(store, log, 'first', { key: keyOf('first') })).toMatchObject({ status: 'duplicate' })
          // The key went with the record: the sender's next try brings it back.
          expect(await append(store, log, 'second', { key: keyOf('second') })).toEqual({ status: 'appended', seq: 5 })
        })
      },
    ))
})

describe('what it keeps', () => {
  it('all of an undamaged store: bounds, records, times, meta, keys, actors, items', () =>
    harmed(
      async path => {
        await reopened(path, async store => {
          await store.addActor('gone')
          await append(store, inbox('gone'), 'with it')
          await store.removeActor('gone')
          const more = { meta: Buffer.from('meta'), receivedAt: 77, key: keyOf('meta') }
          await append(store, inbox(bob), 'with meta', more)
          await store.append({ payloads: [], appends: [], items: [{ key: 'i', value: Buffer.from('v') }] })
        })
      },
      async (path, to) => {
        const report = await salvage(path, to)
        expect(report).toMatchObject({ isComplete: true, lost: [], unknownCommits: [], unnamed: [], actors: 2 })
        const all = (store: Parameters<typeof holdings>[0]) =>
          Promise.all([
            ...[log, outbox(alice), inbox(bob), outbox(bob)].map(each => holdings(store, each, ['first', 'meta'])),
            store.actorStatus('gone'),
            store.item('i'),
          ])
        const [before, after] = [await reopened(path, all), await reopened(to, all)]
        expect(after).toEqual(before)
        expect(await withReader(to, all)).toEqual(before)
        // Numbers of actors are never given again, not even those that nothing in the new store names.
        await reopened(to, async store => {
          await store.addActor('new')
          expect((await store.bounds(inbox('new')))?.epoch).toBe(4)
        })
      },
    ))

  it('what was lost before stays lost, and is not told again', () =>
    harmed(
      path => damage(path, 'second'),
      async (path, to) => {
        await salvage(path, to)
        const again = join(path, '..', 'again')
        expect(await salvage(to, again)).toMatchObject({ lost: [], isComplete: true })
        await reopened(again, async store => {
          expect(await codeOf(store.read(log, { from: 2, to: 2, limit: 1 }))).toBe('LOST')
        })
      },
    ))

  it('the store id, in another timeline', () =>
    harmed(
      async () => {},
      async (path, to) => {
        const { timeline } = await salvage(path, to)
        const [old, made] = [await readIdentity(nodeDisk(path)), await readIdentity(nodeDisk(to))]
        expect(made).toMatchObject({ storeId: old!.storeId, createdAt: old!.createdAt, timeline })
        expect(made!.timeline).not.toBe(old!.timeline)
      },
    ))

  it('a long stretch that is lost is declared in parts, and read as lost everywhere', async () => {
    await withDirectory(async path => {
      const many = Array.from({ length: 9000 }, (_, i) => i)
      await reopened(
        path,
        async store => {
          await store.addActor(bob)
          const payloads = [{ codec: 'bytes' as const, bytes: Buffer.from('x') }]
          const appends = many.map(() => ({ log: inbox(bob), payload: 0, receivedAt: 1 }))
          await store.append({ payloads, appends })
        },
        { unindexedMax: 100_000 },
      )
      await reopened(path, store => append(store, inbox(bob), 'after it'))
      await rm(segment(path, 1))
      const to = join(path, '..', 'salvaged')
      const { lost } = await salvage(path, to)
      expect(lost).toEqual([{ actor: bob, box: 'inbox', from: 1, to: 9000 }])
      const check = async (store: Parameters<typeof holdings>[0]): Promise<void> => {
        for (const seq of [1, 1024, 1025, 5000, 9000])
          await expect(store.read(inbox(bob), { from: seq, to: seq, limit: 1 })).rejects.toMatchObject({ code: 'LOST' })
        expect(await store.read(inbox(bob), { from: 9001, to: 9001, limit: 1 })).toMatchObject({ records: [{}] })
      }
      await reopened(to, check)
      await withReader(to, check)
    })
  })
})

describe('what only the index knows', () => {
  it('a trim, a removal and an actor, all of them in segments that are gone', () =>
    withDirectory(async path => {
      await reopened(path, async store => {
        for (const actor of [alice, bob]) await store.addActor(actor)
        for (const text of ['1', '2', '3']) await append(store, inbox(alice), text)
      })
      await reopened(path, async store => {
        await store.trim(inbox(alice), 3)
        await store.removeActor(bob)
        await store.addActor('carol')
        await append(store, outbox('carol'), 'hers')
      })
      await rm(segment(path, 2))
      const [known, unknown] = [join(path, '..', 'known'), join(path, '..', 'unknown')]
      expect(await salvage(path, known)).toMatchObject({
        lost: [{ actor: 'carol', box: 'outbox', from: 1, to: 1 }],
        isComplete: false,
        usedIndex: true,
      })
      await reopened(known, async store => {
        expect(await store.bounds(inbox(alice))).toMatchObject({ first: 3, tip: 3 })
        expect(await store.actorStatus(bob)).toBe('removed')
        expect(await store.bounds(outbox('carol'))).toMatchObject({ epoch: 3, first: 1, tip: 1 })
      })
      // Nothing in the segments shows that there ever was more.
      expect(await salvage(path, unknown, { ignoreIndex: true })).toMatchObject({ lost: [], usedIndex: false })
      await reopened(unknown, async store => {
        expect(await store.bounds(inbox(alice))).toMatchObject({ first: 1, tip: 3 })
        expect(await store.actorStatus(bob)).toBe('active')
      })
    }))
})

describe('without an index to ask', () => {
  const options: SalvageOptions = { ignoreIndex: true }

  it('records of a log that nothing names are told, and not taken', () =>
    withDirectory(async path => {
      await reopened(path, store => store.addActor(bob))
      await reopened(path, store => append(store, inbox(bob), 'whose'))
      await rm(segment(path, 1))
      const to = join(path, '..', 'salvaged')
      expect(await salvage(path, to, options)).toMatchObject({
        isComplete: false,
        lost: [],
        unknownCommits: [{ from: 1, to: 2 }],
        unnamed: [{ log: 2, box: 'inbox', tip: 1 }],
        actors: 0,
      })
      await reopened(to, async store => {
        await store.addActor(bob)
        expect((await store.bounds(inbox(bob)))?.epoch).toBeGreaterThan(1)
      })
      // With it, the index names them.
      const named = join(path, '..', 'named')
      expect(await salvage(path, named)).toMatchObject({ unnamed: [], lost: [], actors: 1 })
      await reopened(named, async store => expect(await store.bounds(inbox(bob))).toMatchObject({ first: 1, tip: 1 }))
    }))

  it('a backup can be salvaged, too', () =>
    harmed(
      path => damage(path, 'second'),
      async (path, to) => {
        const directory = join(path, '..', 'backup')
        await backup(path, directory)
        const { lost, usedIndex } = await salvage(directory, to)
        expect([usedIndex, lost]).toEqual([false, [{ actor: alice, box: 'inbox', from: 2, to: 2 }]])
      },
    ))
})

describe('how it runs', () => {
  it('refuses a place that is taken, and leaves nothing when it is stopped', () =>
    harmed(
      async () => {},
      async (path, to) => {
        await expect(salvage(path, path)).rejects.toMatchObject({ code: 'NOT_EMPTY', path })
        await expect(salvage(path, join(path, 'new'))).rejects.toMatchObject({ code: 'NOT_EMPTY' })
        await expect(salvage(to, join(path, '..', 'never'))).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' })
        const stop = new AbortController()
        const stopping = { signal: stop.signal, onProgress: () => stop.abort('enough') }
        await expect(salvage(path, to, stopping)).rejects.toBe('enough')
        expect(existsSync(to)).toBe(false)
      },
    ))

  it('works beside a running owner', () =>
    harmed(
      path => damage(path, 'second'),
      async (path, to) => {
        const owner = await open(path)
        expect(await salvage(path, to)).toMatchObject({ lost: [{ actor: alice, from: 2, to: 2 }] })
        await owner.inbox(bob).append({})
        await owner.close()
      },
    ))
})
