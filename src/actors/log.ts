/** The handle of one log: a name and the engine it belongs to. It checks arguments; each kind of reading has a file. */
import type { AppendOutcome, Bounds, Box, Codec, LogName } from '../log-store/types.ts'
import { checkDedupeKey, checkInteger, checkOptions, checkPolicy } from './arguments.ts'
import { trimmed } from './cursor.ts'
import { hashDedupeKey } from './dedupe-key.ts'
import type { Engine } from './engine.ts'
import { flushOfOne } from './flush.ts'
import { followRecords } from './follow.ts'
import { readPage } from './page.ts'
import { readRecords } from './read.ts'
import { StoreRecord } from './record.ts'
import { retain } from './retain.ts'
import { noActor, publicBounds, Slices } from './slices.ts'
import type {
  AppendOptions,
  AppendResult,
  FollowOptions,
  Log,
  LogRecord,
  Page,
  PageOptions,
  ReadOptions,
  RetentionPolicy,
  TrimOptions,
} from './types.ts'

export class LogHandle implements Log, LogName {
  readonly actor: string
  readonly box: Box
  readonly #engine: Engine
  #known: unknown = null

  constructor(engine: Engine, actor: string, box: Box) {
    this.#engine = engine
    this.actor = actor
    this.box = box
  }

  /** The driver's. No property of the handle's own: nobody is to see it. */
  get known(): unknown {
    return this.#known
  }

  set known(known: unknown) {
    this.#known = known
  }

  /** The log that a handle names in this engine; a handle of another store is a `TypeError`. */
  static nameIn(engine: Engine, log: unknown): LogName {
    if (log instanceof LogHandle && log.#engine === engine) return log
    throw new TypeError('log must be a handle from the inbox or outbox method of this store')
  }

  append(value: unknown, options?: AppendOptions): Promise<AppendResult> {
    return this.#append('append', 'msgpack', value, options)
  }

  appendJson(json: Uint8Array | string, options?: AppendOptions): Promise<AppendResult> {
    return this.#append('appendJson', 'json', json, options)
  }

  appendBytes(bytes: Uint8Array, options?: AppendOptions): Promise<AppendResult> {
    return this.#append('appendBytes', 'bytes', bytes, options)
  }

  async tip(): Promise<number | null> {
    const bounds = await this.#engine.logStore.bounds(this)
    return bounds?.tip ?? null
  }

  async bounds(): Promise<Bounds> {
    const bounds = await this.#engine.logStore.bounds(this)
    if (bounds === null) throw await this.#noActor()
    return publicBounds(bounds)
  }

  async get<Value = unknown>(seq: number): Promise<LogRecord<Value> | undefined> {
    checkInteger('seq', seq, 1)
    const { bounds, records } = await new Slices(this.#engine.logStore, this).read({ from: seq, to: seq, limit: 1 })
    if (seq < bounds.first) throw trimmed(this, bounds)
    return records[0] === undefined ? undefined : new StoreRecord(this, records[0])
  }

  page<Value = unknown>(options?: PageOptions<Value>): Promise<Page<Value>> {
    return readPage(this.#engine, this, options)
  }

  read<Value = unknown>(options?: ReadOptions): AsyncIterableIterator<LogRecord<Value>> {
    return readRecords(this.#engine, this, options)
  }

  follow<Value = unknown>(options?: FollowOptions): AsyncIterableIterator<LogRecord<Value>> {
    return followRecords(this.#engine, this, options)
  }

  async find(key: string): Promise<number | undefined> {
    const { logStore } = this.#engine
    const seq = await logStore.find(this, hashDedupeKey(checkDedupeKey(key)))
    if (seq !== null) return seq
    if ((await logStore.bounds(this)) === null) throw await this.#noActor()
    return undefined
  }

  async trim(options: TrimOptions): Promise<Bounds> {
    const { before, respectCursors = false } = checkOptions(options, 'trim')
    if (typeof respectCursors !== 'boolean') throw new TypeError('respectCursors must be a boolean')
    const asked = checkInteger('before', before, 1)
    const upTo = respectCursors ? await this.#engine.firstUnread(this, asked) : asked
    const bounds = await this.#engine.logStore.trim(this, upTo)
    if (bounds === null) throw await this.#noActor()
    return publicBounds(bounds)
  }

  async retain(policy: RetentionPolicy): Promise<Bounds> {
    const checked = checkPolicy(policy)
    const now = checked.maxAge === undefined ? null : await this.#engine.retentionClock.now()
    const kept = await retain(this.#engine.logStore, this, checked, now)
    if (kept === null) throw await this.#noActor()
    return publicBounds(kept.bounds)
  }

  async redact(seq: number): Promise<{ readonly redacted: boolean }> {
    const found = await this.#engine.logStore.redact(this, checkInteger('seq', seq, 1))
    if (found === null) throw await this.#noActor()
    if (seq < found.bounds.first) throw trimmed(this, found.bounds)
    return { redacted: found.redacted }
  }

  /** No async function: it would cost every append another promise, and more. */
  #append(method: string, codec: Codec, content: unknown, options?: AppendOptions): Promise<AppendResult> {
    try {
      const draft = { log: this, codec, content, options: checkOptions(options, method) }
      return this.#engine.logStore.append(flushOfOne(this.#engine, draft)).then(resultOfOne)
    } catch (error) {
      return refused(error)
    }
  }

  #noActor(): Promise<Error> {
    return noActor(this.#engine.logStore, this.actor)
  }
}

/** What the host gets for bad input: a rejection, never an exception. */
async function refused(error: unknown): Promise<never> {
  throw error
}

function resultOfOne([outcome]: readonly AppendOutcome[]): AppendResult {
  if (outcome === undefined) throw new Error('The log store gave no outcome')
  if (outcome.status === 'refused') throw outcome.error
  return { seq: outcome.seq, duplicate: outcome.status === 'duplicate' }
}
