/**
 * Every bit of a small log, flipped: never a wrong value, never a lost record without an error. What an index vouches
 * for, and what only the log itself vouches for, are looked at separately.
 */
import { expect, it } from 'vitest'
import type { CommitLog } from '../../src/commit-log/commit-log.ts'
import { segmentPath } from '../../src/commit-log/segment-files.ts'
import { isTwinlogError } from '../../src/errors.ts'
import { tally } from '../tools/tally.ts'
import { add, openLog, textAt, texts, type Written } from './log-fixture.ts'
import { MemoryDisk } from './memory-disk.ts'

interface Story {
  readonly disk: MemoryDisk
  readonly records: readonly Written[]
  /** What an index would have noted. */
  readonly checkpoint: { segment: number; offset: number; commit: number; chain: bigint; nextLog: number }
  /** Where the last frame begins. */
  readonly lastFrame: number
}

/** Three frames in a sealed segment and one in the last, and after that perhaps the empty one that closing writes. */
async function story(isClosed: boolean): Promise<Story> {
  const disk = new MemoryDisk()
  const log = await openLog(disk, { segmentBytes: 450 })
  const records: Written[] = []
  const frame = async (...each: string[]): Promise<void> => {
    for (const text of each) records.push(add(log, 2, records.length + 1, text))
    await log.commitPending()
  }
  await frame('a', 'b')
  await frame('c')
  await frame('d')
  const lastFrame = log.pending.place.offset
  await frame('e')
  if (isClosed) await log.commitPending()
  await log.close()
  expect(disk.paths).toEqual([segmentPath(1), segmentPath(2)])
  return { disk, records, checkpoint: { ...log.end, chain: log.end.chain ?? 0n, nextLog: 2 }, lastFrame }
}

/** Calls `look` with a log for each bit of its files flipped; null when it refuses to open. */
async function everyFlip(
  { disk, checkpoint }: Story,
  paths: readonly string[],
  hasIndex: boolean,
  look: (log: CommitLog | null, path: string, byte: number) => Promise<void>,
): Promise<void> {
  for (const path of paths) {
    for (let bit = 0; bit < 8 * disk.bytes(path).length; bit += 1) {
      const flipped = disk.copy()
      flipped.flip(path, bit)
      const log = await openLog(flipped, { checkpoint: hasIndex ? checkpoint : null }).catch(orRefused)
      await look(log, path, bit >> 3)
      tally(1)
      await log?.close()
    }
  }
}

function orRefused(error: unknown): null {
  if (isTwinlogError(error, 'LOG_LOST')) return null
  throw error
}

it('with an index, each record reads right or is CORRUPT, and a flip costs one record at most', async () => {
  const made = await story(true)
  await everyFlip(made, made.disk.paths, true, async log => {
    let corrupt = 0
    for (const { location, text } of made.records) {
      const found = await textAt(log!, location)
      if (found === null) corrupt += 1
      else expect(found).toBe(text)
    }
    expect(corrupt).toBeLessThanOrEqual(1)
  })
})

it('without an index, replay finds every record of a closed log or says LOG_LOST', async () => {
  const made = await story(true)
  const whole = made.records.map(({ text }) => text)
  let lost = 0
  await everyFlip(made, made.disk.paths, false, async log => {
    const found = log === null ? null : await texts(log).catch(orRefused)
    if (found === null) lost += 1
    else {
      expect(found.filter(text => text === null).length).toBeLessThanOrEqual(1)
      expect(found.map((text, i) => text ?? whole[i])).toEqual(whole)
    }
  })
  // Payloads, frame headers and padding: most flips there are harmless or cost one value.
  expect(lost).toBeGreaterThan(0)
})

it('without an index, a log that was not closed can lose its very last frame, and no other', async () => {
  // Nobody vouches for it: it looks like a torn write.
  const made = await story(false)
  const whole = made.records.map(({ text }) => text)
  await everyFlip(made, [segmentPath(2)], false, async (log, _, byte) => {
    const found = log === null ? null : await texts(log).catch(orRefused)
    if (found === null) return
    const expected = byte >= made.lastFrame && found.length < whole.length ? whole.slice(0, -1) : whole
    expect(found.map((text, i) => text ?? expected[i])).toEqual(expected)
  })
})
