/**
 * What a running worker has to write down. Records that are done with in order cost nothing but the worker's place, once
 * for all of them. Where one holds up others, the worker moves past it, and each of its deliveries that is not done with
 * becomes an item. So what was done is durable with the next commit or soon after, and a slow target holds up nobody.
 */
import type { ItemChange } from '../log-store/types.ts'
import type { Delivery } from './delivery.ts'
import { comparePlaces, type Place } from './place.ts'
import { deadChange, pendingChange, pendingRemoval } from './worker-items.ts'

interface WindowRecord<Value> {
  readonly place: Place
  readonly deliveries: readonly Delivery<Value>[]
}

/** What one commit is to hold. */
interface LedgerEntry {
  readonly at: Place
  readonly items: readonly ItemChange[]
}

/** What was passed over and holds nothing for the worker is written down when it is this many commits. */
const PASSED_OVER = 1000

/** How much that is done may wait for what is not, before the worker moves past that. */
export type Reach = 'in order' | 'what is done' | 'everything'

export class Ledger<Value> {
  readonly #name: string
  #window: WindowRecord<Value>[] = []
  #at: Place
  #through: Place
  readonly #changed = new Set<Delivery<Value>>()
  readonly #dead = new Set<Delivery<Value>>()
  /** Deliveries in the window. */
  #open = 0
  #settled = 0
  #hasFailed = false

  constructor(name: string, at: Place) {
    this.#name = name
    this.#at = at
    this.#through = at
  }

  /** Deliveries that are neither done nor written down. */
  get open(): number {
    return this.#open
  }

  /** Deliveries that are done, and may be done again after a crash. */
  get unsaved(): number {
    return this.#settled
  }

  /** An attempt failed of a delivery of which nothing is written down. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** Whether `take` would give something that is worth a commit of its own. */
  hasNews(reach: Reach, isLast: boolean): boolean {
    if (this.#changed.size > 0 || this.#dead.size > 0 || this.#endOf(reach) > 0) return true
    if (this.#window.length > 0 || comparePlaces(this.#through, this.#at) <= 0) return false
    return isLast || this.#through[0] - this.#at[0] >= PASSED_OVER
  }

  /** A record was read; `deliveries` may be none. */
  give(place: Place, deliveries: readonly Delivery<Value>[]): void {
    this.#through = place
    if (deliveries.length === 0) return
    this.#window.push({ place, deliveries })
    this.#open += deliveries.length
  }

  lookedThrough(place: Place): void {
    this.#through = place
  }

  /** Done with, one way or the other. */
  settle(delivery: Delivery<Value>, isDead: boolean): void {
    delivery.isSettled = true
    if (isDead) this.#dead.add(delivery)
    if (delivery.isStored) this.#changed.add(delivery)
    else {
      this.#open -= 1
      this.#settled += 1
    }
  }

  /** An attempt failed. */
  failed(delivery: Delivery<Value>): void {
    if (delivery.isStored) this.#changed.add(delivery)
    else this.#hasFailed = true
  }

  /** What to write now. It counts as written: when that fails, the run is over. */
  take(reach: Reach): LedgerEntry {
    const items: ItemChange[] = []
    const end = this.#endOf(reach)
    const isAll = end === this.#window.length
    if (reach !== 'in order') this.#hasFailed = false
    for (const { place, deliveries } of this.#window.splice(0, end)) {
      this.#at = place
      for (const delivery of deliveries) {
        if (delivery.isSettled) this.#settled -= 1
        else {
          delivery.isStored = true
          delivery.record = null
          this.#open -= 1
          items.push(pendingChange(this.#name, delivery))
        }
      }
    }
    if (isAll) this.#at = this.#through
    for (const delivery of this.#changed) {
      items.push((delivery.isSettled ? pendingRemoval : pendingChange)(this.#name, delivery))
    }
    for (const delivery of this.#dead) items.push(deadChange(this.#name, delivery))
    this.#changed.clear()
    this.#dead.clear()
    return { at: this.#at, items }
  }

  /** How many records of the window the worker moves past. */
  #endOf(reach: Reach): number {
    if (reach === 'everything') return this.#window.length
    if (reach === 'what is done') return 1 + this.#window.findLastIndex(({ deliveries }) => deliveries.some(isTouched))
    const end = this.#window.findIndex(({ deliveries }) => deliveries.some(({ isSettled }) => !isSettled))
    return end === -1 ? this.#window.length : end
  }
}

/** Whether it is not as it was when its record was read. */
function isTouched<Value>({ isSettled, attempts }: Delivery<Value>): boolean {
  return isSettled || attempts > 0
}
