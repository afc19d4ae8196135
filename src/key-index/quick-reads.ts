/**
 * What the index says at once, blocking: as long as such reads come back quickly. Undefined, here, is 'not at once': then
 * ask the index itself, which goes through the thread pool.
 */
import type { Checksum } from '../bytes/checksum.ts'
import { ReadPace } from '../bytes/read-pace.ts'
import type { Condemned } from './condemned.ts'
import * as keys from './keys.ts'
import type { Database } from './level-database.ts'
import { LocationCache } from './location-cache.ts'
import * as values from './values.ts'

/** LevelDB has read a key by the time it returns, so one of each kind serves all. */
const headKey = Buffer.alloc(keys.HEAD_KEY_BYTES)
const entryKey = Buffer.alloc(keys.ENTRY_KEY_BYTES)
const dedupeKey = Buffer.alloc(keys.DEDUPE_KEY_BYTES)

/** 8 MiB once all of it is used. */
const LOCATIONS = 2 ** 18

export class QuickReads {
  readonly #database: Database
  readonly #checksum: Checksum
  readonly #condemned: Condemned
  readonly #pace = new ReadPace()
  readonly #locations = new LocationCache(LOCATIONS)

  constructor(database: Database, checksum: Checksum, condemned: Condemned) {
    this.#database = database
    this.#checksum = checksum
    this.#condemned = condemned
  }

  /** @throws DamagedValueError, like all of these */
  actor(id: string): values.ActorValue | null | undefined {
    return this.#get(keys.actorIdKey(id), values.decodeActor)
  }

  head(log: number): values.Head | null | undefined {
    return this.#get(keys.headKey(log, headKey), values.decodeHead)
  }

  /** What has this key (16 bytes). */
  dedupe(log: number, key: Uint8Array): values.DedupeValue | null | undefined {
    return this.#get(keys.dedupeKey(log, key, dedupeKey), values.decodeDedupe)
  }

  location(log: number, seq: number): values.IndexedLocation | null | undefined {
    this.#condemned.assertNot()
    const known = this.#locations.get(log, seq)
    if (known !== undefined) return known
    const found = this.#get(keys.entryKey(log, seq, entryKey), values.decodeLocation)
    if (found !== null && found !== undefined) this.#locations.put(log, seq, found)
    return found
  }

  /** The index holds this now. It must be told of whatever takes the place of what it may have said before. */
  remember(log: number, seq: number, location: values.IndexedLocation): void {
    this.#locations.put(log, seq, location)
  }

  /** What was said before may not be so. */
  forget(): void {
    this.#locations.clear()
  }

  #get<Value>(key: Buffer, decode: (body: Buffer) => Value): Value | null | undefined {
    this.#condemned.assertNot()
    if (!this.#pace.isHot) return undefined
    const sealed = this.#pace.run(() => this.#database.getSync(key))
    return sealed === undefined ? null : decode(values.unseal(key, sealed, this.#checksum))
  }
}
