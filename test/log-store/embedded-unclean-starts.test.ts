/**
 * LevelDB's assertions are on, and it maps its tables into memory: damage in them can end the process, with SIGABRT or
 * SIGBUS, and no JavaScript can catch that. A supervisor that starts the host again would go on doing so for ever. So
 * starts that ended without closing the index are counted.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { alice, append, inbox, key } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { KeyIndex } from '../../src/key-index/key-index.ts'
import { HeldTables } from '../../src/key-index/table-files.ts'
import { codeOf, copyOf, holdings, openDriver, reopened, withDirectory } from './embedded-store.ts'
import { shortenFirstKeys } from './level-damage.ts'
import { told } from './told.ts'

const launcher = fileURLToPath(new URL('../engine/run-source.mjs', import.meta.url))
const startsFile = (path: string): string => `${path}/index.starts`
const starts = (path: string): Promise<string> => readFile(startsFile(path), 'latin1')
const log = inbox(alice)

async function fill(store: EmbeddedLogStore): Promise<void> {
  await store.addActor(alice)
  for (let i = 1; i <= 20; i += 1) {
    await append(store, log, `record ${i}`, { key: key(`k${i}`) })
    if (i % 5 === 0) await store.flushIndex()
  }
}

/** How a process of its own ends that opens the store: its signal, or its exit code. */
async function opensInChild(path: string): Promise<string | number> {
  const child = spawn(process.execPath, [launcher, '/test/log-store/open-child.ts', path], { stdio: 'ignore' })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return signal ?? code ?? 'unknown'
}

const everything = (store: EmbeddedLogStore): Promise<unknown> =>
  holdings(store, log, [...Array.from({ length: 20 }, (_, i) => `k${i + 1}`), 'child'])

describe('an index that ends the process', () => {
  it('does so twice; the third start checks it first, and makes it anew', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const expected = await reopened(path, everything)
      await shortenFirstKeys(path, { sealed: false })
      // What a large index is like: LevelDB opens it before its tables are checked.
      expect([await opensInChild(path), await opensInChild(path)]).toEqual(['SIGABRT', 'SIGABRT'])
      const messages = await told('twinlog:open', async () =>
        expect(await reopened(path, everything, { scrubFirstBytesMax: 0 })).toEqual(expected),
      )
      expect(messages).toMatchObject([{ indexRebuilt: true, rebuiltFor: expect.stringMatching(/\.ldb is damaged/) }])
      expect(await starts(path)).toBe('0\n')
      expect(await opensInChild(path)).toBe(0)
    })
  })

  it('though no check finds anything does so three times; the fourth start makes it anew', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      const expected = await reopened(path, everything)
      await shortenFirstKeys(path, { sealed: true })
      expect(await opensInChild(path)).toBe('SIGABRT')
      expect(await opensInChild(path)).toBe('SIGABRT')
      expect(await opensInChild(path)).toBe('SIGABRT')
      const messages = await told('twinlog:open', async () =>
        expect(await reopened(path, everything)).toEqual(expected),
      )
      expect(messages).toMatchObject([{ indexRebuilt: true, rebuiltFor: expect.stringMatching(/3 starts/) }])
    })
  })
})

describe('the count of unclean starts', () => {
  it('is on disk before LevelDB is opened, and gone once it is closed', async () => {
    await withDirectory(async path => {
      await reopened(path, async store => {
        expect(await starts(path)).toBe('1\n')
        await fill(store)
      })
      expect(await starts(path)).toBe('0\n')
      await writeFile(startsFile(path), '1\n')
      await reopened(path, async () => expect(await starts(path)).toBe('2\n'))
      expect(await starts(path)).toBe('0\n')
    })
  })

  it('goes on from a killed process, and ends when the next one closes', async () => {
    await withDirectory(async path => {
      const store = await openDriver(path)
      await fill(store)
      const killed = await copyOf(path, `${path}-killed`)
      await store.close()
      expect(await starts(killed)).toBe('1\n')
      const messages = await told('twinlog:open', () => reopened(killed, everything))
      expect(messages).toMatchObject([{ indexRebuilt: false }])
      expect(await starts(killed)).toBe('0\n')
    })
  })

  it('ends when the store has served for a while, if the index has passed its check', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      onTestFinished(() => void vi.useRealTimers())
      const store = await openDriver(path)
      vi.advanceTimersByTime(29_000)
      await new Promise(setImmediate)
      expect(await starts(path)).toBe('1\n')
      vi.advanceTimersByTime(2000)
      vi.useRealTimers()
      await vi.waitFor(async () => expect(await starts(path)).toBe('0\n'))
      await store.close()
    })
  })

  it('does not end before the index has passed its check', async () => {
    // An index that ended the process after a minute would do so for ever.
    await withDirectory(async path => {
      await reopened(path, fill)
      const endless = vi.spyOn(HeldTables.prototype, 'findDamage').mockImplementation(async afterRead => {
        for (;;) await afterRead(1)
      })
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      onTestFinished(() => void vi.useRealTimers())
      const store = await openDriver(path, { scrubFirstBytesMax: 0 })
      vi.advanceTimersByTime(100_000)
      vi.useRealTimers()
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
      expect(await starts(path)).toBe('1\n')
      endless.mockRestore()
      await store.close()
      expect(await starts(path)).toBe('0\n')
    })
  })

  it('begins anew with an index that is made anew', async () => {
    // A rebuild that was killed was begun again at each start.
    await withDirectory(async path => {
      await reopened(path, fill)
      await writeFile(startsFile(path), '3\n')
      await reopened(path, async () => expect(await starts(path)).toBe('1\n'))
    })
  })

  it('does not grow by a start that fails with an error', async () => {
    await withDirectory(async path => {
      await reopened(path, fill)
      await writeFile(startsFile(path), '1\n')
      const open = vi
        .spyOn(KeyIndex.prototype, 'checkpoint')
        .mockRejectedValueOnce(new Error('No space left on device'))
      expect(await codeOf(openDriver(path))).toBe('LOW_SPACE')
      open.mockRestore()
      expect(await starts(path)).toBe('0\n')
      await reopened(path, everything)
    })
  })

  it.each(['', 'x', '3', '33\n', '\u0000\u0000'])(
    'that is damaged (%j) leads to a check, and no rebuild',
    async text => {
      await withDirectory(async path => {
        await reopened(path, fill)
        const expected = await reopened(path, everything)
        await writeFile(startsFile(path), text)
        const messages = await told('twinlog:open', () =>
          reopened(
            path,
            async store => {
              // Else it would be checked in the background, which has only just begun.
              expect(store.stats().index.scrub).toBe('passed')
              expect(await everything(store)).toEqual(expected)
            },
            { scrubFirstBytesMax: 0 },
          ),
        )
        expect(messages).toMatchObject([{ indexRebuilt: false }])
      })
    },
  )
})
