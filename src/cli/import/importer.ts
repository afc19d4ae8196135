/**
 * Appends items to a store, many at a time: the store's group commit takes what is under way together. What is under
 * way is bounded by number and by bytes. Items of one log keep their order.
 */
import { isTwinlogError, type Box, type Store } from '../../index.ts'
import { readActivity } from '../input/activity.ts'
import type { Slice } from '../input/slicer.ts'
import { logOf } from '../store-access.ts'
import { engineCodes, refusal, type Refusal } from './refusals.ts'

export interface Counts {
  added: number
  duplicates: number
  refused: number
}

type Outcome = 'added' | 'duplicate' | Refusal | Stop

/** The store takes no more: a full disk, a failed write. */
class Stop {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

interface UnderWay {
  readonly index: number
  readonly bytes: number
  readonly outcome: Promise<Outcome>
}

const itemsMax = 1024
const bytesMax = 8 * 1024 * 1024
const actorsMax = 10_000

export class Importer {
  readonly counts: Counts = { added: 0, duplicates: 0, refused: 0 }
  readonly #store: Store
  readonly #box: Box
  readonly #actor: string | undefined
  readonly #onRefused: (index: number, why: Refusal) => Promise<void>
  /** Actors that are being added, or were. */
  readonly #actors = new Map<string, Promise<unknown>>()
  #underWay: UnderWay[] = []
  #bytes = 0
  #stop: Stop | undefined

  constructor(
    store: Store,
    box: Box,
    actor: string | undefined,
    onRefused: (index: number, why: Refusal) => Promise<void>,
  ) {
    this.#store = store
    this.#box = box
    this.#actor = actor
    this.#onRefused = onRefused
  }

  /** Takes the next item. Resolves when there is room for another. @throws what keeps the store from taking any more */
  async put(index: number, slice: Slice): Promise<void> {
    if (this.#actors.size >= actorsMax) {
      await this.settle()
      this.#actors.clear()
    }
    const bytes = slice.code === undefined ? slice.bytes.length : 0
    this.#underWay.push({ index, bytes, outcome: this.#begin(slice) })
    this.#bytes += bytes
    while (this.#underWay.length > itemsMax || this.#bytes > bytesMax) await this.#settleOldest()
    this.check()
  }

  /** Says that there is no item to take, or none that can be. */
  async refuse(index: number, why: Refusal): Promise<void> {
    await this.settle()
    this.counts.refused++
    await this.#onRefused(index, why)
  }

  /** Resolves when nothing is under way any more, and `counts` are complete. */
  async settle(): Promise<void> {
    while (this.#underWay.length > 0) await this.#settleOldest()
  }

  /** @throws what keeps the store from taking any more */
  check(): void {
    if (this.#stop) throw this.#stop.error
  }

  async #settleOldest(): Promise<void> {
    const oldest = this.#underWay.shift()
    if (!oldest) return
    const outcome = await oldest.outcome
    this.#bytes -= oldest.bytes
    if (outcome === 'added') this.counts.added++
    else if (outcome === 'duplicate') this.counts.duplicates++
    else if (outcome instanceof Stop) this.#stop ??= outcome
    else {
      this.counts.refused++
      await this.#onRefused(oldest.index, outcome)
    }
  }

  async #begin(slice: Slice): Promise<Outcome> {
    if (slice.code !== undefined) return refusal(slice.code)
    const activity = readActivity(slice.bytes)
    if (typeof activity === 'string') return refusal(activity)
    const actor = this.#actor ?? activity.actor
    if (actor === undefined) return refusal('NO_ACTOR_IN_ITEM')
    try {
      // Always through the same promise, so that an actor's items are appended in the order in which they came.
      await this.#added(actor)
      const log = logOf(this.#store, actor, this.#box)
      const { duplicate } = await log.appendJson(slice.bytes, { key: activity.key })
      return duplicate ? 'duplicate' : 'added'
    } catch (error) {
      const isItems = isTwinlogError(error) && engineCodes.has(error.code)
      return isItems ? { code: error.code, message: error.message } : new Stop(error)
    }
  }

  #added(actor: string): Promise<unknown> {
    const known = this.#actors.get(actor)
    if (known) return known
    const added = this.#store.actors.add(actor)
    this.#actors.set(actor, added)
    return added
  }
}
