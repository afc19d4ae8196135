/** What is seen of an index's files before LevelDB is let near them; on files that bare LevelDB wrote. */
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { inspectIndex } from '../../src/key-index/inspect.ts'
import { surveyIndex } from '../../src/key-index/survey.ts'
import { HeldTables } from '../../src/key-index/table-files.ts'

let folder = ''
let index = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twinlog-inspect-'))
  index = join(folder, 'index')
  await write(0, 20_000)
})
afterEach(() => rm(folder, { recursive: true }))

/** Puts keys, and moves them into tables; then a few more, into the write-ahead log. */
async function write(from: number, to: number): Promise<void> {
  const level = new ClassicLevel<string>(index, { compression: false })
  await level.open()
  await level.batch(Array.from({ length: to - from }, (_, n) => ({ type: 'put', key: `${from + n}`, value: `v${n}` })))
  await level.compactRange('', '\u{ffff}')
  for (let n = 0; n < 5; n += 1) await level.put(`late ${n}`, 'x'.repeat(20_000))
  await level.close()
}

const named = async (pattern: RegExp): Promise<string> =>
  join(
    index,
    (await readdir(index))
      .filter(name => pattern.test(name))
      .toSorted()
      .at(-1)!,
  )
const inspect = async (firstBytesMax = 2 ** 30) => {
  const inspection = await inspectIndex(index, firstBytesMax, () => undefined)
  await inspection.unchecked?.close()
  return inspection
}

async function flip(path: string, at: (bytes: number) => number): Promise<void> {
  const bytes = await readFile(path)
  bytes[at(bytes.length)]! ^= 4
  await writeFile(path, bytes)
}

describe('an index', () => {
  it('that is whole has nothing against it; how much of it was looked into is said', async () => {
    const steps: number[][] = []
    const { reason, checked } = await inspectIndex(index, 2 ** 30, (done, total) => steps.push([done, total]))
    expect(reason).toBeNull()
    expect(checked).toMatchObject({ damage: null, tables: expect.any(Number) })
    const { bytes } = checked!
    expect(steps.length).toBeGreaterThan(2)
    expect(steps.every(([, total]) => total === bytes)).toBe(true)
    expect(steps.map(([done]) => done)).toEqual(steps.map(([done]) => done!).toSorted((a, b) => a - b))
    expect(bytes - steps.at(-1)![0]!).toBeLessThan(1)
  })

  it('that is larger than is checked at once leaves its tables to be checked later', async () => {
    const { reason, checked, unchecked } = await inspect(1000)
    expect([reason, checked]).toEqual([null, null])
    expect(unchecked?.bytes).toBeGreaterThan(1000)
  })

  it('is not there, or condemned, or ended three processes', async () => {
    await writeFile(join(index, 'condemned'), 'why not\n')
    expect(await inspect()).toMatchObject({ reason: 'why not' })
    await rm(join(index, 'condemned'))
    await writeFile(`${index}.starts`, '3\n')
    expect((await inspect()).reason).toMatch(/3 starts/)
    await writeFile(`${index}.starts`, '2\n')
    expect(await inspect(0)).toMatchObject({ reason: null, checked: { damage: null } })
    await rm(join(index, 'CURRENT'))
    expect((await inspect()).reason).not.toBeNull()
    await rm(index, { recursive: true })
    expect((await inspect()).reason).not.toBeNull()
  })

  const harms: Record<string, () => Promise<unknown>> = {
    'CURRENT names nothing': () => writeFile(join(index, 'CURRENT'), 'MANIFEST-999999\n'),
    'CURRENT is empty': () => truncate(join(index, 'CURRENT'), 0),
    'the MANIFEST is flipped': async () => flip(await named(/^MANIFEST/), bytes => bytes - 3),
    'the MANIFEST has something after it': async () => appendFile(await named(/^MANIFEST/), 'x'),
    'the write-ahead log is flipped before its last block': async () => flip(await named(/\.log$/), () => 3000),
    'a table is missing': async () => rm(await named(/\.ldb$/)),
    'a table is short': async () => truncate(await named(/\.ldb$/), 1000),
  }
  it.each(Object.entries(harms))('is not for LevelDB to see when %s, however large it is', async (_, harm) => {
    await harm()
    for (const firstBytesMax of [0, 2 ** 30]) {
      const inspection = await inspect(firstBytesMax)
      expect(inspection).toMatchObject({ reason: expect.any(String), checked: { damage: expect.any(String) } })
    }
  })

  it('is not for LevelDB to see when a table is flipped; a large one is checked later', async () => {
    await flip(await named(/\.ldb$/), bytes => bytes >> 1)
    expect(await inspect()).toMatchObject({ reason: expect.stringMatching(/damaged at byte/) })
    const { reason, unchecked } = await inspectIndex(index, 0, () => undefined)
    expect(reason).toBeNull()
    expect(await unchecked!.findDamage(() => undefined)).toMatch(/damaged at byte/)
    await unchecked!.close()
  })

  it('is checked at once, however large it is, when its tables can not all be held open', async () => {
    await flip(await named(/\.ldb$/), bytes => bytes >> 1)
    const full = Object.assign(new Error('too many open files'), { code: 'EMFILE' })
    const held = vi.spyOn(HeldTables, 'open').mockRejectedValueOnce(full)
    onTestFinished(() => held.mockRestore())
    expect(await inspect(0)).toMatchObject({ reason: expect.stringMatching(/damaged at byte/), unchecked: null })
  })

  it('is left to LevelDB when only the end of its write-ahead log is missing', async () => {
    const wal = await named(/\.log$/)
    const { length } = await readFile(wal)
    await truncate(wal, length - 5)
    expect((await inspect()).reason).toBeNull()
    await appendFile(wal, Buffer.alloc(70_000))
    expect((await inspect()).reason).toBeNull()
  })
})

describe('tables that are held', () => {
  it('are checked though LevelDB has merged and deleted them', async () => {
    // Their damage was in the new tables then, under checksums that matched.
    for (const isDamaged of [false, true]) {
      const { tables } = await surveyIndex(index)
      if (isDamaged) await flip(await named(/\.ldb$/), bytes => bytes >> 1)
      const held = await HeldTables.open(index, tables)
      const before = (await readdir(index)).filter(name => name.endsWith('.ldb'))
      await write(0, 20_000)
      const after = (await readdir(index)).filter(name => name.endsWith('.ldb'))
      expect(after.some(name => before.includes(name))).toBe(false)
      expect((await held.findDamage(() => undefined)) !== null).toBe(isDamaged)
      await held.close()
    }
  })

  it('are checked in stretches, each of which may end it', async () => {
    const { tables } = await surveyIndex(index)
    const held = await HeldTables.open(index, tables)
    const reads: number[] = []
    const stop = new Error('enough')
    const run = held.findDamage(bytes => {
      if (reads.push(bytes) === 2) throw stop
    })
    await expect(run).rejects.toBe(stop)
    expect(Math.max(...reads)).toBeLessThan(300_000)
    await held.close()
  })
})
