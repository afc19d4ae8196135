/** A record as consumers get it: which log it is of, and where it stands. */
import { StoreRecord } from '../actors/record.ts'
import type { Box, LogName, StoredRecord } from '../log-store/types.ts'
import type { Place } from './place.ts'
import type { ConsumerRecord } from './types.ts'

export class ConsumedRecord<Value> extends StoreRecord<Value> implements ConsumerRecord<Value> {
  readonly actor: string
  readonly box: Box
  readonly #epoch: number
  readonly #place: Place
  readonly #positionAt: (place: Place) => string | null

  constructor(
    log: LogName,
    epoch: number,
    stored: StoredRecord,
    place: Place,
    positionAt: (place: Place) => string | null,
  ) {
    super(log, stored)
    this.actor = log.actor
    this.box = log.box
    this.#epoch = epoch
    this.#place = place
    this.#positionAt = positionAt
  }

  get epoch(): number {
    return this.#epoch
  }

  get place(): Place {
    return this.#place
  }

  get position(): string | null {
    return this.#positionAt(this.#place)
  }

  [Symbol.for('nodejs.util.inspect.custom')](): object {
    const { actor, box, seq, receivedAt, codec, value, meta } = this
    return { actor, box, seq, receivedAt, codec, value, ...(meta === undefined ? {} : { meta }) }
  }
}
