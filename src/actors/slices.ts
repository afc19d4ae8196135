/**
 * Reads one log slice by slice for `get`, `page`, `read` and `follow`. It holds nothing but the log's epoch: an actor
 * that is removed meanwhile, even if it is added again, ends the reading with `NO_ACTOR`.
 */
import { TwinlogError } from '../errors.ts'
import type { EpochBounds, LogName, LogStore, ReadRange, ReadSlice } from '../log-store/types.ts'

/** Stands for 'up to the tip' in a range. */
export const END = Number.MAX_SAFE_INTEGER

export class Slices {
  readonly #logStore: LogStore
  readonly #log: LogName
  #epoch: number | undefined

  constructor(logStore: LogStore, log: LogName) {
    this.#logStore = logStore
    this.#log = log
  }

  /** Whether a slice was read before. */
  get started(): boolean {
    return this.#epoch !== undefined
  }

  /** @throws NO_ACTOR, CORRUPT, CLOSED */
  async read(range: ReadRange): Promise<ReadSlice> {
    const slice = await this.#logStore.read(this.#log, range)
    if (slice === null) throw await noActor(this.#logStore, this.#log.actor)
    this.#epoch ??= slice.bounds.epoch
    if (slice.bounds.epoch !== this.#epoch) throw await noActor(this.#logStore, this.#log.actor)
    assertFromTheStart(slice, range)
    return slice
  }
}

/** What to throw for an actor that the log store does not know, or knew in another epoch. */
export async function noActor(logStore: LogStore, actor: string): Promise<TwinlogError<'NO_ACTOR'>> {
  const status = (await logStore.actorStatus(actor)) === 'unknown' ? 'unknown' : 'removed'
  return new TwinlogError('NO_ACTOR', `There is no actor ${actor} (${status})`, { actor, status })
}

/** A driver that leaves out the first record would make a reader skip it, or wait for it for ever. */
function assertFromTheStart({ bounds, records }: ReadSlice, { from, to, reverse }: ReadRange): void {
  const [low, high] = [Math.max(from, bounds.first), Math.min(to, bounds.tip)]
  const expected = low > high ? undefined : reverse === true ? high : low
  if (records[0]?.seq !== expected) {
    throw new Error(`The log store gave record ${records[0]?.seq} where ${expected} was asked for`)
  }
}

/** The bounds without the epoch, which is the log store's affair. */
export function publicBounds({ first, tip }: EpochBounds): { first: number; tip: number } {
  return { first, tip }
}
