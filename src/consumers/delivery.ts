/** One record for one target, as a running worker holds it. */
import type { LogName } from '../log-store/types.ts'
import type { ConsumedRecord } from './consumed-record.ts'
import type { Place } from './place.ts'
import type { StoredDelivery } from './worker-items.ts'

export class Delivery<Value> implements StoredDelivery {
  readonly target: string
  readonly place: Place
  readonly log: LogName
  readonly epoch: number
  readonly seq: number
  attempts = 0
  dueAt = 0
  error: string | null = null
  /** At hand until it is written down; then it is read again when it is wanted. */
  record: ConsumedRecord<Value> | null
  /** There is, or is about to be, an item of it. */
  isStored: boolean
  isSettled = false

  private constructor(of: Omit<StoredDelivery, 'attempts' | 'dueAt' | 'error'>, record: ConsumedRecord<Value> | null) {
    this.target = of.target
    this.place = of.place
    this.log = of.log
    this.epoch = of.epoch
    this.seq = of.seq
    this.record = record
    this.isStored = record === null
  }

  static of<Value>(record: ConsumedRecord<Value>, target: string): Delivery<Value> {
    const { place, actor, box, epoch, seq } = record
    return new Delivery({ target, place, log: { actor, box }, epoch, seq }, record)
  }

  static stored<Value>(stored: StoredDelivery): Delivery<Value> {
    const delivery = new Delivery<Value>(stored, null)
    delivery.attempts = stored.attempts
    delivery.dueAt = stored.dueAt
    delivery.error = stored.error
    return delivery
  }
}
