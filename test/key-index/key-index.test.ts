/** The index over a real LevelDB: its ledger, its checksums, and what it makes of LevelDB's own errors. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import { ReadPace } from '../../src/bytes/read-pace.ts'
import { KeyIndex } from '../../src/key-index/key-index.ts'
import * as keys from '../../src/key-index/keys.ts'
import { isLevelDamaged, toIndexError } from '../../src/key-index/level-database.ts'
import { DamagedValueError, seal, unseal } from '../../src/key-index/values.ts'

const checksum = await Checksum.forStore(Buffer.alloc(16, 7))
let directory = ''
beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'twinlog-index-'))
  directory = join(root, 'index')
  onTestFinished(() => rm(root, { recursive: true }))
})

async function withIndex<Result>(use: (index: KeyIndex) => Promise<Result>): Promise<Result> {
  const index = await KeyIndex.open(directory, checksum)
  try {
    return await use(index)
  } finally {
    await index.close()
  }
}

const through = (commit: number) => ({ segment: 1, offset: 128 + commit, commit, chain: BigInt(commit), nextLog: 2 })

/** Batch after batch, each with the head of log 2. */
async function write(index: KeyIndex, from: number, to: number): Promise<void> {
  for (let commit = from; commit <= to; commit += 1) {
    const batch = index.batch()
    batch.putHead(2, { first: 1, tip: commit })
    await index.write(batch, through(commit))
  }
}

/** Lets bare LevelDB change the closed index. */
async function bare(change: (level: ClassicLevel<Buffer, Buffer>) => Promise<void>): Promise<void> {
  const level = new ClassicLevel<Buffer, Buffer>(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
  await change(level)
  await level.close()
}

describe('the ledger', () => {
  it('of a new index is empty; then it reaches to the newest batch', async () => {
    await withIndex(async index => {
      expect(await index.checkpoint()).toBeNull()
      await write(index, 1, 5)
      expect(await index.checkpoint()).toMatchObject({ point: { batch: 5, commit: 5 }, wholeThrough: { batch: 5 } })
    })
    await withIndex(async index => expect(await index.checkpoint()).toMatchObject({ wholeThrough: { commit: 5 } }))
  })

  it('with a gap is whole through the batch before it, wherever that is; without its first it is not whole at all', async () => {
    await withIndex(index => write(index, 1, 6))
    for (const lost of [6, 4, 2, 1]) {
      await bare(level => level.del(keys.ledgerKey(lost)))
      const found = await withIndex(index => index.checkpoint())
      expect(found?.point.batch).toBe(6)
      expect(found?.wholeThrough?.batch ?? null).toBe(lost === 1 ? null : lost - 1)
    }
  })

  it('begins anew behind a gap, whose later batches are no witness of what came before', async () => {
    await withIndex(index => write(index, 1, 6))
    await bare(level => level.del(keys.ledgerKey(4)))
    await withIndex(async index => {
      expect(await index.checkpoint()).toMatchObject({ wholeThrough: { batch: 3 } })
      await write(index, 4, 4)
      expect(await index.checkpoint()).toMatchObject({ point: { batch: 7, ledgerFloor: 7 } })
    })
  })

  it('always names a batch that is in a table, so that a lost table shows', async () => {
    // After closing it named nothing but the last batch, which is in the write-ahead log: with the newest table forgotten
    // the index was empty and said it was whole.
    await withIndex(async index => {
      await write(index, 1, 5)
      await index.settle()
    })
    const settled = await withIndex(index => index.checkpoint())
    expect(settled).toMatchObject({ point: { batch: 6, ledgerFloor: 5, commit: 5 }, wholeThrough: { batch: 6 } })
    await withIndex(async index => {
      await index.checkpoint()
      await write(index, 6, 6)
      expect(await index.checkpoint()).toMatchObject({ point: { batch: 7, ledgerFloor: 6 } })
    })
    await bare(level => level.del(keys.ledgerKey(6)))
    expect(await withIndex(index => index.checkpoint())).toMatchObject({ wholeThrough: null })
  })

  it('is kept short: what is in tables leaves it', async () => {
    await withIndex(async index => {
      await write(index, 1, 1200)
      const { ledgerFloor, batch } = (await index.checkpoint())!.point
      expect(batch).toBe(1200)
      expect(ledgerFloor).toBeGreaterThan(1000)
    })
    await bare(async level => {
      const left = await level.keys({ gte: keys.ledgerKey(0), lt: keys.sweepKey(0) }).all()
      expect(left.length).toBeLessThan(200)
    })
  })

  it('settles nothing when nothing was written', async () => {
    await withIndex(async index => {
      await index.settle()
      expect(await index.checkpoint()).toBeNull()
      await write(index, 1, 3)
      await index.settle()
      await index.settle()
      expect(await index.checkpoint()).toMatchObject({ point: { batch: 4 } })
    })
  })
})

describe('a value', () => {
  it('is bound to its key and to its store: a flipped bit of either, or another key’s value, is damage', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        fc.uint8Array({ maxLength: 60 }),
        fc.nat(),
        (keyBytes, bodyBytes, bit) => {
          const [key, body] = [Buffer.from(keyBytes), Buffer.from(bodyBytes)]
          const sealed = seal(key, body, checksum)
          expect(unseal(key, sealed, checksum)).toEqual(body)
          const all = Buffer.concat([key, sealed])
          all[(bit >> 3) % all.length]! ^= 1 << (bit & 7)
          expect(() => unseal(all.subarray(0, key.length), all.subarray(key.length), checksum)).toThrow(
            DamagedValueError,
          )
          for (let length = 0; length < sealed.length; length += 1)
            expect(() => unseal(key, sealed.subarray(0, length), checksum)).toThrow(DamagedValueError)
        },
      ),
    )
  })

  it('that is damaged is dropped when its range is made anew, and nothing else is', async () => {
    await withIndex(async index => {
      const batch = index.batch()
      for (const log of [2, 3]) batch.putEntry(log, 1, { segment: 1, offset: 128, length: 64 })
      batch.putActor('a', 1)
      batch.putItem('i', { version: 1, value: Buffer.from('v') })
      await batch.write()
    })
    const strays = [keys.entryKey(2, 9), keys.entryKey(3, 9), keys.actorIdKey('b'), keys.itemKey('j')]
    await bare(async level => {
      for (const stray of strays) await level.put(stray, Buffer.from('none of ours'))
    })
    await withIndex(async index => {
      await index.dropDamaged(2)
      await index.dropDamaged(0)
    })
    await bare(async level => {
      const left = await level.keys().all()
      expect(left.filter(key => strays.some(stray => stray.equals(key)))).toEqual([keys.entryKey(3, 9)])
      expect(left).toHaveLength(2 + 2 + 1 + 1)
    })
  })
})

it('a range is cleared a slice at a time, below a sequence or all of it', async () => {
  await withIndex(async index => {
    const batch = index.batch()
    for (const log of [2, 3]) {
      batch.putHead(log, { first: 1, tip: 10 })
      for (let seq = 1; seq <= 10; seq += 1) batch.putEntry(log, seq, { segment: 1, offset: 128, length: 64 })
      batch.putDedupe(log, Buffer.alloc(16), { seq: 1, codec: 1, payloadSum: 1n })
    }
    await batch.write()
    expect(await index.clear(2, { first: 8 }, 5)).toBe(false)
    expect(await index.clear(2, { first: 8 }, 5)).toBe(true)
    const entries = Array.from({ length: 10 }, (_, i) => ({ log: 2, seq: i + 1 }))
    expect(await index.hasEntries(entries)).toEqual(entries.map(({ seq }) => seq >= 8))
    for (let rounds = 0; !(await index.clear(2, 'all', 2)); rounds += 1) expect(rounds).toBeLessThan(4)
    expect(await index.heads([2, 3])).toEqual([null, { first: 1, tip: 10 }])
    expect(await index.hasEntries(entries.map(({ seq }) => ({ log: 3, seq })))).not.toContain(false)
  })
})

it('says at once where a record lies, unless reads are slow; what it has said before, in any case', async () => {
  await withIndex(async index => {
    const batch = index.batch()
    const located = (seq: number) => ({ segment: 1, offset: 8 * seq, length: 64 })
    for (let seq = 1; seq <= 9; seq += 1) batch.putEntry(2, seq, located(seq))
    await batch.write()
    const pace = vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockReturnValue(true)
    onTestFinished(() => pace.mockRestore())
    expect([3, 1, 10].map(seq => index.now.location(2, seq))).toEqual([located(3), located(1), null])
    expect(index.now.location(3, 1)).toBeNull()
    pace.mockReturnValue(false)
    expect([3, 1, 2, 10].map(seq => index.now.location(2, seq))).toEqual([located(3), located(1), undefined, undefined])
    expect(await index.locations(2, [3, 10, 2])).toEqual([located(3), null, located(2)])
    index.now.remember(2, 3, located(30))
    expect(index.now.location(2, 3)).toEqual(located(30))
    index.now.forget()
    expect(index.now.location(2, 3)).toBeUndefined()
  })
})

it('says at once what has a key, unless reads are slow', async () => {
  await withIndex(async index => {
    const known = { seq: 7, codec: 1, payloadSum: 9n }
    const batch = index.batch()
    batch.putDedupe(2, Buffer.alloc(16, 1), known)
    await batch.write()
    const pace = vi.spyOn(ReadPace.prototype, 'isHot', 'get').mockReturnValue(true)
    onTestFinished(() => pace.mockRestore())
    expect(index.now.dedupe(2, Buffer.alloc(16, 1))).toEqual(known)
    expect(index.now.dedupe(2, Buffer.alloc(16, 2))).toBeNull()
    expect(index.now.dedupe(3, Buffer.alloc(16, 1))).toBeNull()
    pace.mockReturnValue(false)
    expect(index.now.dedupe(2, Buffer.alloc(16, 1))).toBeUndefined()
    expect(index.now.dedupe(2, Buffer.alloc(16, 2))).toBeUndefined()
  })
})

describe('what LevelDB says', () => {
  const level = (code: string, message: string): Error =>
    Object.assign(new Error('Database failed to open'), {
      code: 'LEVEL_DATABASE_NOT_OPEN',
      cause: Object.assign(new Error(message), { code }),
    })

  it('of a full or read-only disk is no reason to throw the index away', () => {
    const full = level('LEVEL_IO_ERROR', 'IO error: /x/000005.ldb: No space left on device')
    expect(toIndexError('index', full)).toMatchObject({ code: 'LOW_SPACE', cause: full })
    const denied = level('LEVEL_IO_ERROR', 'IO error: /x/LOCK: Permission denied')
    expect(toIndexError('index', denied)).toMatchObject({ code: 'READ_ONLY' })
    const other = level('LEVEL_CORRUPTION', 'Corruption: no meta-nextfile entry in descriptor')
    expect(toIndexError('index', other)).toMatchObject({ code: 'IO_ERROR' })
    expect([full, denied].some(isLevelDamaged)).toBe(false)
    expect(isLevelDamaged(other)).toBe(true)
  })
})
