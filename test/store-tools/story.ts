/** Random stories told to a store, what they must have left, and what a store in a directory shows. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { isTwinlogError } from '../../src/errors.ts'
import { flushOf, inbox, key, outbox, textOf } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import type { LogName, LogStore, StoredRecord } from '../../src/log-store/types.ts'
import { openDriver, reopened } from '../log-store/embedded-store.ts'

export const actors = ['ann', 'ben']
export const allLogs: readonly LogName[] = actors.flatMap(actor => [inbox(actor), outbox(actor)])
const keyNames = ['k', 'l', 'm']

export type Step =
  | { readonly do: 'add' | 'remove'; readonly actor: string }
  | { readonly do: 'append'; readonly logs: readonly LogName[]; readonly bytes: number; readonly key: string | null }
  /** One body in several logs. */
  | { readonly do: 'share'; readonly logs: readonly LogName[]; readonly bytes: number }
  | { readonly do: 'trim' | 'redact'; readonly log: LogName; readonly share: number }
  | { readonly do: 'compact' }
  | { readonly do: 'reopen' }

const log = fc.constantFrom(...allLogs)
const logs = fc.array(log, { minLength: 1, maxLength: 3 })
const bytes = fc.integer({ min: 0, max: 700 })

const options = fc.record({ logs, bytes, key: fc.option(fc.constantFrom(...keyNames)) })
const fraction = fc.double({ min: 0, max: 1, noNaN: true })

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...actors).map((actor): Step => ({ do: 'add', actor })) },
  { weight: 1, arbitrary: fc.constantFrom(...actors).map((actor): Step => ({ do: 'remove', actor })) },
  { weight: 10, arbitrary: options.map((each): Step => ({ do: 'append', ...each })) },
  { weight: 4, arbitrary: options.map((each): Step => ({ do: 'share', logs: each.logs, bytes: each.bytes })) },
  {
    weight: 1,
    arbitrary: fc.tuple(log, fraction).map(([name, part]): Step => ({ do: 'trim', log: name, share: part })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(log, fraction).map(([name, part]): Step => ({ do: 'redact', log: name, share: part })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'compact' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'reopen' }) },
)

export const story = fc.array(step, { minLength: 1, maxLength: 25, size: 'max' })

/** A record as it was appended: codec, time, meta, key, text. */
export type Told = string

export interface TruthLog {
  first: number
  tip: number
  readonly records: Map<number, Told>
}

/** What must be there: the logs of active actors, by `logKey`. */
export type Truth = Map<string, TruthLog>

export const logKey = ({ actor, box }: LogName): string => `${actor} ${box}`

/** Tells stories to a store in a directory, and keeps what it acknowledged. */
export class Teller {
  readonly truth: Truth = new Map()
  /** The truth after each acknowledged change, the present one last. */
  readonly history: Truth[] = []
  readonly path: string
  store: EmbeddedLogStore
  #n = 0

  private constructor(path: string, store: EmbeddedLogStore) {
    this.path = path
    this.store = store
  }

  static async at(path: string): Promise<Teller> {
    const teller = new Teller(path, await openDriver(path))
    for (const actor of actors) await teller.tell({ do: 'add', actor })
    return teller
  }

  /** At a copy of a store that holds `truth`. What it tells is none of what was told before. */
  static async goingOn(path: string, truth: Truth): Promise<Teller> {
    const teller = new Teller(path, await openDriver(path))
    for (const [name, told] of truth) teller.truth.set(name, structuredClone(told))
    teller.#n = 1_000_000
    return teller
  }

  async tell(each: Step): Promise<void> {
    await this.#tell(each)
    this.#remember()
  }

  #remember(): void {
    this.history.push(structuredClone(this.truth))
  }

  async #tell(each: Step): Promise<void> {
    switch (each.do) {
      case 'add': {
        const { added } = await this.store.addActor(each.actor)
        if (added)
          for (const name of both(each.actor)) this.truth.set(logKey(name), { first: 1, tip: 0, records: new Map() })
        return
      }
      case 'remove':
        await this.store.removeActor(each.actor)
        for (const name of both(each.actor)) this.truth.delete(logKey(name))
        return
      case 'append':
        for (const name of each.logs) await this.#append([name], each.bytes, each.key)
        return
      case 'share':
        return this.#append(each.logs, each.bytes, null)
      case 'trim':
        return this.#trim(each.log, each.share)
      case 'redact':
        return this.#redact(each.log, each.share)
      case 'compact':
        await this.store.compact({ deadShareMin: 0 })
        return
      case 'reopen':
        await this.store.close()
        this.store = await openDriver(this.path)
    }
  }

  async #append(names: readonly LogName[], length: number, keyName: string | null): Promise<void> {
    this.#n += 1
    const [text, receivedAt, meta] = [`${this.#n}:${'x'.repeat(length)}`, this.#n, Buffer.from(`m${this.#n}`)]
    const hashed = keyName === null ? {} : { key: key(keyName) }
    const drafts = names.map(name => ({ log: name, text, receivedAt, meta, ...hashed }))
    const flush = flushOf(drafts, { onConflict: 'skip' })
    const one = {
      ...flush,
      payloads: flush.payloads.slice(0, 1),
      appends: flush.appends.map(a => ({ ...a, payload: 0 })),
    }
    for (const [i, outcome] of (await this.store.append(one)).entries()) {
      const told = this.truth.get(logKey(names[i]!))
      if (outcome.status !== 'appended' || told === undefined) continue
      told.tip = Math.max(told.tip, outcome.seq)
      told.records.set(outcome.seq, tell({ codec: 'bytes', receivedAt, meta, payload: Buffer.from(text) }))
    }
    this.#remember()
  }

  async #redact(name: LogName, share: number): Promise<void> {
    const told = this.truth.get(logKey(name))
    if (told === undefined || told.first > told.tip) return
    const seq = told.first + Math.floor(share * (told.tip - told.first))
    const before = (await this.store.read(name, { from: seq, to: seq, limit: 1 }))!.records[0]!
    await this.store.redact(name, seq)
    told.records.set(seq, tell({ ...before, redacted: true }))
  }

  async #trim(name: LogName, share: number): Promise<void> {
    const told = this.truth.get(logKey(name))
    if (told === undefined) return
    const before = told.first + Math.floor(share * (told.tip + 1 - told.first))
    await this.store.trim(name, before)
    told.first = Math.max(told.first, before)
    for (const seq of told.records.keys()) if (seq < told.first) told.records.delete(seq)
  }
}

const both = (actor: string): readonly LogName[] => [inbox(actor), outbox(actor)]

function tell({
  codec,
  receivedAt,
  meta,
  payload,
  redacted = false,
}: Omit<StoredRecord, 'seq' | 'redacted'> & { redacted?: boolean }): Told {
  if (redacted) return `redacted ${codec} ${receivedAt}`
  return `${codec} ${receivedAt} ${textOf(meta)} ${textOf(payload)}`
}

/** Leaves a closed store at `path`, and says what it must hold. */
export async function telling(path: string, steps: readonly Step[]): Promise<Truth> {
  return (await toldAll(path, steps)).truth
}

/** The same, with all that it ever held. */
export async function toldAll(path: string, steps: readonly Step[]): Promise<Teller> {
  const teller = await Teller.at(path)
  for (const each of steps) await teller.tell(each)
  await teller.store.close()
  return teller
}

/** What a store shows: each record, or the code it is met with. */
export async function shown(store: LogStore): Promise<Truth> {
  const truth: Truth = new Map()
  for (const name of allLogs) {
    const bounds = await store.bounds(name)
    if (bounds === null) continue
    const records = new Map<number, Told>()
    for (let seq = bounds.first; seq <= bounds.tip; seq += 1) records.set(seq, await oneOf(store, name, seq))
    truth.set(logKey(name), { first: bounds.first, tip: bounds.tip, records })
  }
  return truth
}

async function oneOf(store: LogStore, name: LogName, seq: number): Promise<Told> {
  try {
    const slice = await store.read(name, { from: seq, to: seq, limit: 1 })
    return tell(slice!.records[0]!)
  } catch (error) {
    if (isTwinlogError(error)) return error.code
    throw error
  }
}

export const shownIn = (path: string): Promise<Truth> => reopened(path, shown)

/** Relative paths of the files that hold the truth. */
export async function truthFiles(path: string): Promise<readonly string[]> {
  const segments = await readdir(join(path, 'segments'))
  return ['twinlog.id', ...segments.toSorted().map(name => join('segments', name))]
}

/** Flips one bit of those in the segments and the identity file, by a number. */
export async function flip(path: string, seed: number): Promise<string> {
  const files = await truthFiles(path)
  const sizes = await Promise.all(files.map(async file => (await stat(join(path, file))).size))
  let bit = seed % (8 * sizes.reduce((sum, size) => sum + size, 0))
  for (const [i, file] of files.entries()) {
    const size = 8 * sizes[i]!
    if (bit >= size) {
      bit -= size
      continue
    }
    const content = await readFile(join(path, file))
    content[bit >> 3]! ^= 1 << (bit & 7)
    await writeFile(join(path, file), content)
    return `${file}, offset ${bit >> 3}`
  }
  throw new Error('no bit to flip')
}
