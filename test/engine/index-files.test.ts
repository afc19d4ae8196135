/**
 * Nothing that happens to the files of a closed index reaches a reader: any bit of any file is flipped, each file is cut
 * at any byte, deleted, or emptied. Whatever it was, the store opens and answers as the model does: records, bounds, keys
 * and actors, those that are not there included. LevelDB alone opened such an index, showed older heads, hid keys, or
 * ended the process.
 *
 * One bit of each byte, another one in each run, and a cut at each eighth byte; `INDEX_BITS=8` flips every bit and cuts at
 * every byte.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStore } from '../../src/consumers/create-store.ts'
import type { Store } from '../../src/actors/types.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { openEmbedded } from '../../src/log-store/embedded/open-embedded.ts'
import { actorIds, keys } from '../model/arbitraries.ts'
import { emptyState, run } from '../model/model.ts'
import type { LogRef, Operation, Question } from '../model/operations.ts'
import { tally } from '../tools/tally.ts'
import { assertAnswer } from './audit.ts'
import { runOn } from './store-subject.ts'

const [alice, , url] = actorIds as [string, string, string]
const inbox = { actor: alice, box: 'inbox' } as const
const like = (key: string, value: string): Operation => ({
  type: 'append',
  log: inbox,
  body: { codec: 'json', value },
  key,
})
/** In two batches, so that the first one lies in a table once it is closed. */
const story: readonly (readonly Operation[])[] = [
  [{ type: 'add', actor: alice }, { type: 'add', actor: url }, like(keys[0]!, '1'), like(keys[1]!, '2')],
  [{ type: 'trim', log: inbox, before: 2 }, { type: 'remove', actor: url }, like(keys[2]!, '4')],
]
const state = story.flat().reduce((before, each) => run(before, each)[0], emptyState)
const logs: readonly LogRef[] = [alice, url].flatMap(actor => [
  { actor, box: 'inbox' },
  { actor, box: 'outbox' },
])
const questions: readonly Question[] = [
  { type: 'list' },
  ...actorIds.map((actor): Question => ({ type: 'status', actor })),
  ...logs.flatMap((log): Question[] => [
    { type: 'bounds', log },
    { type: 'read', log, options: {} },
    ...keys.map((key): Question => ({ type: 'find', log, key })),
  ]),
]
const bits = Number(process.env['INDEX_BITS'] ?? 1)
const phase = Number(process.env['FC_SEED'] ?? Math.floor(Math.random() * 8)) & 7
const cutStep = bits === 8 ? 1 : 8
const timeLimit = 120_000 * bits
/** Copies that are open at the same time. */
const LANES = 2

/** Opened with as little memory as it takes: this is done thousands of times. */
async function openSmall(path: string): Promise<Store> {
  const driver = await openEmbedded({
    path,
    disk: nodeDisk(path),
    createIfMissing: true,
    lockWaitMs: 0,
    durability: 'disk',
    segmentBytes: 2 ** 20,
    recentBytes: 0,
    hot: 16,
    unindexedMax: 1000,
    unindexedBytesMax: 2 ** 20,
    freeBytesMin: 0,
    clock: Date.now,
    onWork: () => undefined,
  })
  return createStore(driver)
}

interface Index {
  readonly store: string
  readonly files: ReadonlyMap<string, Buffer>
}

let folder = ''
const indexes: Record<'closed' | 'killed', Index | null> = { closed: null, killed: null }

beforeAll(async () => {
  const shared = existsSync('/dev/shm') && statfsSync('/dev/shm').bavail * statfsSync('/dev/shm').bsize > 2 ** 28
  folder = await mkdtemp(join(shared ? '/dev/shm' : tmpdir(), 'twinlog-index-'))
  const store = await openSmall(join(folder, 'store'))
  for (const batch of story) {
    for (const each of batch) await runOn(store, each)
    await store.flushIndex()
  }
  await cp(join(folder, 'store'), join(folder, 'killed'), { recursive: true, filter: from => !from.endsWith('LOCK') })
  await store.close()
  await cp(join(folder, 'store'), join(folder, 'closed'), { recursive: true })
  for (const kind of ['closed', 'killed'] as const) {
    const from = join(folder, kind, 'index')
    const files = new Map<string, Buffer>()
    for (const name of await readdir(from)) files.set(name, await readFile(join(from, name)))
    indexes[kind] = { store: join(folder, kind), files }
  }
})
afterAll(() => rm(folder, { recursive: true }))

interface Harm {
  readonly name: string
  /** Null: deleted. */
  readonly bytes: Buffer | null
  readonly what: string
}

/** Opens the store after that harm and compares its answers with the model. Gives why the index was made anew. */
async function afterHarm(
  { store: from, files }: Index,
  path: string,
  { name, bytes, what }: Harm,
): Promise<string | null> {
  const index = join(path, 'index')
  rmSync(index, { recursive: true })
  // Without an index to vouch for the last commit, opening writes it once more, into a new segment.
  const segments = join(path, 'segments')
  if (readdirSync(segments).length > readdirSync(join(from, 'segments')).length) {
    rmSync(segments, { recursive: true })
    cpSync(join(from, 'segments'), segments, { recursive: true })
  }
  mkdirSync(index)
  for (const [file, whole] of files) {
    const now = file === name ? bytes : whole
    if (now !== null) writeFileSync(join(index, file), now)
  }
  const opened: { path: string; rebuiltFor: string | null }[] = []
  const listener = (message: unknown): void => void opened.push(message as (typeof opened)[number])
  subscribe('twinlog:open', listener)
  try {
    const store = await openSmall(path)
    try {
      const answers = await Promise.all(questions.map(question => runOn(store, question)))
      for (const [at, question] of questions.entries()) assertAnswer(answers[at]!, run(state, question)[1], question)
    } finally {
      await store.close()
    }
  } catch (error) {
    throw new Error(`${name} ${what}`, { cause: error })
  } finally {
    unsubscribe('twinlog:open', listener)
  }
  return opened.find(message => message.path === path)!.rebuiltFor
}

/** Every harm in turn, several stores at a time. */
async function assertRight(
  kind: 'closed' | 'killed',
  harmsOf: (index: Index) => Iterable<Harm>,
  isNoticed: (name: string) => boolean,
): Promise<void> {
  const index = indexes[kind]!
  const left = harmsOf(index)[Symbol.iterator]()
  const lane = async (): Promise<void> => {
    const path = join(await mkdtemp(join(folder, 'lane-')), 'store')
    await cp(index.store, path, { recursive: true })
    for (let next = left.next(); next.done !== true; next = left.next()) {
      const { name, what } = next.value
      const rebuiltFor = await afterHarm(index, path, next.value)
      tally(1)
      if (isNoticed(name)) expect(rebuiltFor, `${name} ${what}`).not.toBeNull()
      if (isPlain(name)) expect(rebuiltFor, `${name} ${what}`).toBeNull()
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

/** LevelDB's diary and its lock hold nothing. */
const isPlain = (name: string): boolean => /^LO(G|G\.old|CK)$/.test(name)

function* flips({ files }: Index): Generator<Harm> {
  for (const [name, whole] of files) {
    if (isPlain(name)) continue
    for (let at = 0; at < whole.length; at += 1) {
      for (let bit = 0; bit < bits; bit += 1) {
        const which = (at + bit + phase) & 7
        const bytes = Buffer.from(whole)
        bytes[at]! ^= 1 << which
        yield { name, bytes, what: `with bit ${which} of byte ${at} flipped` }
      }
    }
  }
}

function* cuts({ files }: Index): Generator<Harm> {
  for (const [name, whole] of files) {
    if (isPlain(name)) continue
    for (let length = phase % cutStep; length < whole.length; length += cutStep)
      yield { name, bytes: whole.subarray(0, length), what: `cut at ${length}` }
  }
}

function* losses({ files }: Index): Generator<Harm> {
  for (const [name, whole] of files) {
    yield { name, bytes: null, what: 'deleted' }
    yield { name, bytes: Buffer.alloc(0), what: 'emptied' }
    yield { name, bytes: Buffer.alloc(whole.length), what: 'zeroed' }
    yield { name, bytes: Buffer.concat([whole, Buffer.alloc(100, 0x5a)]), what: 'with something after it' }
  }
}

describe.each(['closed', 'killed'] as const)('an index that was %s', kind => {
  // LevelDB passes over a torn end of its write-ahead log; what lay there is replayed, or was there twice.
  const isNoticed = (name: string): boolean => !isPlain(name) && !name.endsWith('.log')

  it('has every kind of file', () => {
    const names = [...indexes[kind]!.files.keys()].map(name => name.replaceAll(/\d+/g, '0'))
    expect(names).toEqual(expect.arrayContaining(['CURRENT', 'MANIFEST-0', '0.log']))
    expect(names.includes('0.ldb')).toBe(kind === 'closed')
  })

  it(
    'answers right whichever bit of it is flipped, and notices it',
    () => assertRight(kind, flips, isNoticed),
    timeLimit,
  )
  it('answers right wherever a file of it is cut, and notices it', () => assertRight(kind, cuts, isNoticed), timeLimit)
  it(
    'answers right without any one file, or with another in its place',
    () => assertRight(kind, losses, isNoticed),
    timeLimit,
  )
})
