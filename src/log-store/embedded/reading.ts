/**
 * What readers see: values from memory, else from the index, never trusted blindly. Where the index contradicts itself
 * its range is made anew from the commit log, and the reading begins again.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import { TwinlogError } from '../../errors.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import { logOfKey } from '../../key-index/keys.ts'
import { type ActorValue, DamagedValueError, type ItemValue } from '../../key-index/values.ts'
import type { Place } from '../../record/entry.ts'
import { actorNumberOfLog, logNumber } from '../change.ts'
import type { FeedLog, RecordPlace } from '../feed-slice.ts'
import type { ActorEntry, Item, LogName, ReadRange, ReadSlice } from '../types.ts'
import { publish } from './diagnostics.ts'
import type { Indexer } from './indexer.ts'
import type { LogState } from './log-state.ts'
import { DamagedRangeError, learnActors, learnHeads, learnItem, learnKeys, stateNow } from './lookup.ts'
import { byBytes, mergeItems } from './merge-items.ts'
import type { Overlay } from './overlay.ts'
import { locate, readSlice } from './read-slice.ts'
import { ReadTurns } from './read-turns.ts'
import { TailMemory } from './tail-memory.ts'

interface ReadingParts {
  readonly path: string
  readonly log: CommitLog
  readonly index: KeyIndex
  readonly indexer: Indexer
  readonly memory: TailMemory
  /** Whether the index is closed: what fails then fails because of that. */
  readonly isClosed: () => boolean
}

const NONE: ReadonlySet<number> = new Set()
/** Attempts at an index read that found damage and mended it; more is a damage that comes back. */
const REPAIRS_MAX = 3

export class Reading {
  readonly #parts: ReadingParts
  readonly #turns = new ReadTurns()

  constructor(parts: ReadingParts) {
    this.#parts = parts
  }

  /** Null for an actor that was never added. */
  actor(id: string): Promise<ActorValue | null> {
    const { memory, index } = this.#parts
    return this.#settled(memory.actors, id, () => learnActors([id], memory, index))
  }

  /** Null when the actor is not active. */
  async state(name: LogName): Promise<LogState | null> {
    const { memory, index } = this.#parts
    for (;;) {
      const actor = await this.actor(name.actor)
      if (actor === null || !actor.isActive) return null
      const state = memory.logs.get(logNumber(actor.number, name.box))
      if (state !== undefined) return state
      memory.makeRoom()
      await this.mending(() => learnHeads([name], memory, index))
    }
  }

  /** The log that has this number; null when its actor is not active. */
  feedLog(log: number): FeedLog | Promise<FeedLog> {
    const known = this.#parts.memory.logs.get(log)
    const now = known === undefined ? undefined : this.stateNow(known.name)
    return now === undefined ? this.#feedLogInTime(log) : feedLogOf(log, now)
  }

  #feedLogInTime(log: number): Promise<FeedLog> {
    const { memory, index } = this.#parts
    return this.mending(async () => {
      // An actor that the index does not hold yet has its logs in memory.
      const actor = memory.logs.get(log)?.name.actor ?? (await index.actorNumbered(actorNumberOfLog(log)))
      return actor === null
        ? null
        : feedLogOf(log, await this.state({ actor, box: log % 2 === 0 ? 'inbox' : 'outbox' }))
    })
  }

  /**
   * The sequences among these that are not there any more: redacted, so that their place is no longer where they were
   * appended, or trimmed or removed since they were found.
   */
  goneAmong(log: number, records: readonly RecordPlace[]): ReadonlySet<number> | Promise<ReadonlySet<number>> {
    const known = this.#parts.memory.logs.get(log)
    const state = known === undefined ? undefined : this.stateNow(known.name)
    if (state === undefined || state?.log !== log) return this.#goneInTime(log, records)
    try {
      const { trimmed, others } = split(state, records)
      const locations = locate(state, sequencesOf(others), this.#parts.index)
      return locations instanceof Promise ? this.#goneInTime(log, records) : goneOf(trimmed, others, locations)
    } catch {
      return this.#goneInTime(log, records)
    }
  }

  #goneInTime(log: number, records: readonly RecordPlace[]): Promise<ReadonlySet<number>> {
    return this.mending(async () => {
      const found = await this.feedLog(log)
      const state = found === null ? null : await this.state(found.name)
      if (state?.log !== log) return new Set(sequencesOf(records))
      const { trimmed, others } = split(state, records)
      return goneOf(trimmed, others, await locate(state, sequencesOf(others), this.#parts.index))
    })
  }

  /** The sequence that has a key. */
  async sequenceOf(log: number, key: Uint8Array): Promise<number | null> {
    const { memory, index } = this.#parts
    const found = await this.#settled(memory.keys, TailMemory.keyOf(log, key), () =>
      learnKeys([{ log, key }], memory, index),
    )
    return found?.seq ?? null
  }

  item(key: string): Promise<ItemValue | null> {
    const { memory, index } = this.#parts
    return this.#settled(memory.items, key, () => learnItem(key, memory, index))
  }

  /** As `state`, at once; undefined where that takes waiting, or the event loop is to have its turn first. */
  stateNow(name: LogName): LogState | null | undefined {
    return this.#turns.due() === null ? this.#turns.run(() => this.#stateNow(name)) : undefined
  }

  /** As `state`, at once where that can be; behind a turn of the event loop where one is due. */
  stateSoon(name: LogName): LogState | null | Promise<LogState | null> {
    const due = this.#turns.due()
    if (due !== null) return due.then(() => this.stateSoon(name))
    const now = this.#turns.run(() => this.#stateNow(name))
    return now === undefined ? this.state(name) : now
  }

  #stateNow(name: LogName): LogState | null | undefined {
    const { memory, index } = this.#parts
    memory.makeRoom()
    try {
      return stateNow(name, memory, index.now)
    } catch {
      return undefined
    }
  }

  /** Null when the actor is not active. At once where that can be: what fails then is asked for again, and mended. */
  slice(name: LogName, range: ReadRange): ReadSlice | null | Promise<ReadSlice | null> {
    const due = this.#turns.due()
    if (due !== null) return due.then(() => this.slice(name, range))
    return this.#turns.run(() => this.#sliceNow(name, range))
  }

  #sliceNow(name: LogName, range: ReadRange): ReadSlice | null | Promise<ReadSlice | null> {
    const { log, index } = this.#parts
    const state = this.#stateNow(name)
    if (state === null) return null
    if (state === undefined) return this.#sliceInTime(name, range)
    try {
      const slice = readSlice(state, range, log, index)
      return slice instanceof Promise ? slice.catch(() => this.#sliceInTime(name, range)) : slice
    } catch {
      return this.#sliceInTime(name, range)
    }
  }

  #sliceInTime(name: LogName, range: ReadRange): Promise<ReadSlice | null> {
    const { log, index } = this.#parts
    return this.mending(async () => {
      for (;;) {
        const state = await this.state(name)
        if (state === null) return null
        const { ackedFirst } = state
        try {
          return await readSlice(state, range, log, index)
        } catch (error) {
          // What was trimmed or removed, and cleared, while it was looked for is no damage.
          if ((await this.state(name)) === state && state.ackedFirst === ackedFirst) throw error
        }
      }
    })
  }

  /** Active actors after that number, in order. */
  actorsAfter(after: number, limit: number): Promise<readonly ActorEntry[]> {
    return this.mending(async () => {
      const changed = this.#parts.memory.actors.unindexed()
      const listed: ActorEntry[] = []
      for await (const { id, number } of this.#parts.index.actorsAfter(after)) {
        if (!changed.has(id)) listed.push({ id, epoch: number })
        if (listed.length >= limit) break
      }
      for (const [id, actor] of changed) {
        if (actor?.isActive === true && actor.number > after) listed.push({ id, epoch: actor.number })
      }
      return listed.toSorted((a, b) => a.epoch - b.epoch).slice(0, limit)
    })
  }

  async *itemsStarting(prefix: string): AsyncGenerator<readonly [string, Item]> {
    const { memory, index } = this.#parts
    let last: string | null = null
    for (let repairs = 0; ; repairs += 1) {
      try {
        for await (const each of mergeItems(index.itemsStarting(prefix), memory.items.unindexed(), prefix)) {
          if (last !== null && byBytes(each[0], last) <= 0) continue
          last = each[0]
          yield each
        }
        return
      } catch (error) {
        await this.#mend(error, repairs)
      }
    }
  }

  /** Runs what reads the index; where that finds damage, makes the range anew from the commit log and tries again. */
  async mending<Result>(run: () => Promise<Result>): Promise<Result> {
    for (let repairs = 0; ; repairs += 1) {
      try {
        return await run()
      } catch (error) {
        await this.#mend(error, repairs)
      }
    }
  }

  /** A value as readers see it. Looked up again when it was forgotten before it could be taken. */
  async #settled<Value>(overlay: Overlay<Value>, key: string, learn: () => Promise<void>): Promise<Value | null> {
    for (;;) {
      const value = await overlay.settled(key)
      if (value !== undefined) return value
      this.#parts.memory.makeRoom()
      await this.mending(learn)
    }
  }

  /** @throws the error, when it is not about a damaged range, or was mended too often */
  async #mend(error: unknown, repairs: number): Promise<void> {
    const log = damagedLog(error)
    if (log === null || repairs >= REPAIRS_MAX) throw this.#typed(error)
    publish('twinlog:index-repair', () => ({ path: this.#parts.path, log, error: error as Error }))
    try {
      await this.#parts.indexer.rebuild(log)
    } catch (failure) {
      throw this.#typed(failure)
    }
  }

  #typed(error: unknown): unknown {
    if (this.#parts.isClosed()) return new TwinlogError('CLOSED', 'the store is closed', {})
    if (error instanceof TwinlogError) return error
    this.#parts.index.condemnFor(error)
    return new TwinlogError('INDEX_FAILED', 'the index can not be read; reopen the store', {}, error)
  }
}

function feedLogOf(log: number, state: LogState | null): FeedLog {
  return state?.log === log ? { name: state.name, first: state.ackedFirst } : null
}

/** The trimmed ones, and those within the log's bounds. */
function split({ ackedFirst, ackedTip }: LogState, records: readonly RecordPlace[]) {
  return {
    trimmed: records.filter(({ seq }) => seq < ackedFirst),
    others: records.filter(({ seq }) => seq >= ackedFirst && seq <= ackedTip),
  }
}

function sequencesOf(records: readonly RecordPlace[]): number[] {
  return records.map(({ seq }) => seq)
}

/** The sequences of the trimmed ones, and of the others that are not where they were appended. */
function goneOf(
  trimmed: readonly RecordPlace[],
  others: readonly RecordPlace[],
  locations: readonly Place[],
): ReadonlySet<number> {
  const moved = others.filter(({ place }, i) => {
    const at = locations[i]
    return place.segment !== at?.segment || place.offset !== at.offset
  })
  return trimmed.length + moved.length === 0 ? NONE : new Set(sequencesOf([...trimmed, ...moved]))
}

/** The log whose range is damaged, 0 for what belongs to none; null when the error is another one. */
function damagedLog(error: unknown): number | null {
  if (error instanceof DamagedRangeError) return error.log
  return error instanceof DamagedValueError ? logOfKey(error.key) : null
}
