/**
 * The persistent peer cache: a `PeerTable` in memory, answering at once, and a database of its own that it is read from
 * and written to. Fetches come in here, and only here: one at a time for each peer, and none of them, however it ends
 * badly, takes anything away.
 */
import { TwinlogError } from '../errors.ts'
import { Flights, type Outcome } from './flights.ts'
import { PeerDatabase } from './peer-database.ts'
import * as sets from './peer-set.ts'
import type { PeerTable } from './peer-table.ts'
import { checkPeerId, hasSameKeys, readPeerState } from './peer-state.ts'
import type {
  FetchPeerOptions,
  FetchPeerState,
  NegativeEntry,
  PeerHit,
  PeerKeyHit,
  PeerRefresh,
  Peers,
  PeerState,
} from './types.ts'

export interface PeerCacheOptions extends PeerOptions {
  /** Now, in milliseconds since 1970. */
  readonly clock?: () => number
}

/** What a host may say about the peer cache of its store. */
export interface PeerOptions {
  /** Most peers; then the least recently used goes. 10,000 by default. */
  readonly peersMax?: number
  /** The share of one host in a full cache: beyond it, its peers go before those of others. A quarter by default. */
  readonly hostPeersMax?: number
  /** Most negative entries; then the oldest goes. 1,000 by default. */
  readonly negativesMax?: number
  /** Most tombstones; then the oldest goes. 10,000 by default. */
  readonly tombstonesMax?: number
  /** How long a fetch may take, in milliseconds, up to 2^31 - 1; 10,000 by default. */
  readonly fetchTimeoutMs?: number
  /** There from the start, unless there is something newer, a tombstone, or no room. */
  readonly initial?: Iterable<PeerState>
}

/** Where the set is kept from one process to the next. */
interface PeerStorage {
  note(id: string): void
  write(set: sets.PeerSet): Promise<void>
  close(set: sets.PeerSet): Promise<void>
}

const nowhere: PeerStorage = { note: () => undefined, write: async () => undefined, close: async () => undefined }

const CAUSES_MAX = 8
/** The longest that a timer of Node can take. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

export class PeerCache implements Peers {
  readonly #clock: () => number
  readonly #storage: PeerStorage
  readonly #flights: Flights<PeerState>
  readonly #table: PeerTable
  /** Whose last use is not saved: it is at closing, since a hit starts nothing. */
  readonly #used = new Set<string>()
  #closing: Promise<void> | undefined

  private constructor(storage: PeerStorage, table: PeerTable, { clock, timeoutMs }: Settings) {
    this.#storage = storage
    this.#table = table
    this.#clock = clock
    this.#flights = new Flights({
      timeoutMs,
      land: (peerId, outcome) => this.#land(peerId, outcome),
      timedOut: peerId => fetchFailed(peerId, 'timeout', `no answer within ${timeoutMs} ms`),
    })
  }

  /**
   * Opens the cache in a directory of its own, which is made when there is something to save. What can't be read there is
   * thrown away.
   * @throws PEER_INVALID, OUT_OF_RANGE; LOCKED, NOT_A_STORE, LOW_SPACE, READ_ONLY, IO_ERROR
   */
  static async open(directory: string, options: PeerCacheOptions = {}): Promise<PeerCache> {
    return PeerCache.opener(directory, options)()
  }

  /** What `open` does, its options checked already. @throws PEER_INVALID, OUT_OF_RANGE */
  static opener(directory: string, options: PeerCacheOptions): () => Promise<PeerCache> {
    const settings = settingsOf(options)
    return () => PeerCache.#open(directory, settings)
  }

  static async #open(directory: string, settings: Settings): Promise<PeerCache> {
    const { database, table } = await PeerDatabase.open(directory, settings.limits)
    for (const id of table.addInitial(settings.initial)) database.note(id)
    const cache = new PeerCache(database, table, settings)
    try {
      await cache.#save()
      return cache
    } catch (error) {
      await cache.close().catch(() => undefined)
      throw error
    }
  }

  /** A cache that is gone when it is closed. @throws PEER_INVALID, OUT_OF_RANGE */
  static inMemory(options: PeerCacheOptions = {}): PeerCache {
    const settings = settingsOf(options)
    const table = sets.restorePeerTable(settings.limits, [], [])
    table.addInitial(settings.initial)
    return new PeerCache(nowhere, table, settings)
  }

  lookup(peerId: string): PeerHit | undefined {
    this.#checkOpen()
    const hit = sets.lookupPeer(this.#table, peerId, this.#clock())
    if (hit !== undefined) this.#use(peerId)
    return hit
  }

  lookupByKey(keyId: string, owner?: string): PeerKeyHit | undefined {
    this.#checkOpen()
    const hit = sets.lookupKey(this.#table, keyId, this.#clock(), owner)
    if (hit !== undefined) this.#use(hit.peer.id)
    return hit
  }

  list(): readonly PeerState[] {
    this.#checkOpen()
    return sets.listPeers(this.#table)
  }

  async store(peer: PeerState): Promise<void> {
    this.#checkOpen()
    this.#put(readPeerState(peer))
    await this.#save()
  }

  async evict(peerId: string): Promise<void> {
    this.#checkOpen()
    this.#table.evict(peerId)
    this.#noteChange(peerId)
    await this.#save()
  }

  async lookupOrFetch(peerId: string, fetch: FetchPeerState, options: FetchPeerOptions = {}): Promise<PeerHit> {
    const hit = this.lookup(peerId)
    if (hit !== undefined) return hit
    return sets.hitOf(await this.#fetch(peerId, fetch, options), this.#clock())
  }

  async refresh(peerId: string, fetch: FetchPeerState, options: FetchPeerOptions = {}): Promise<PeerRefresh> {
    this.#checkOpen()
    const before = this.#table.peers.get(peerId)?.peer
    const peer = await this.#fetch(peerId, fetch, options)
    const keysChanged = before === undefined || !hasSameKeys(before, peer)
    return { ...sets.hitOf(peer, this.#clock()), keysChanged }
  }

  addNegative(id: string, entry: NegativeEntry): void {
    this.#checkOpen()
    this.#table.addNegative(id, entry, this.#clock())
  }

  negative(id: string): NegativeEntry | undefined {
    this.#checkOpen()
    return sets.negativeOf(this.#table, id, this.#clock())
  }

  tombstone(peerId: string): number | undefined {
    this.#checkOpen()
    return sets.tombstoneOf(this.#table, peerId)
  }

  /** Who waits for a fetch gets CLOSED. @throws LOW_SPACE, READ_ONLY, IO_ERROR: closed, but something was not saved */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#flights.failAll(closed())
    for (const id of this.#used) this.#storage.note(id)
    await this.#storage.close(this.#table)
  }

  async #fetch(peerId: string, fetch: FetchPeerState, { signal }: FetchPeerOptions): Promise<PeerState> {
    checkPeerId(peerId)
    return this.#flights.join(peerId, flight => fetch(peerId, { signal: flight }), signal)
  }

  /** Nobody who asked for a peer has to hear that the disk is full: what was not saved is tried again by later writes. */
  #land(peerId: string, outcome: Outcome): PeerState {
    try {
      const peer = readOutcome(peerId, outcome)
      this.#put(peer)
      return peer
    } catch (error) {
      if (isGone(error)) this.#bury(peerId)
      throw error
    } finally {
      this.#save().catch(() => undefined)
    }
  }

  #put(peer: PeerState): void {
    const gone = this.#table.store(peer)
    this.#noteChange(peer.id)
    if (gone !== undefined) this.#noteChange(gone)
  }

  #bury(peerId: string): void {
    const forgotten = this.#table.addTombstone(peerId, this.#clock())
    this.#noteChange(peerId)
    if (forgotten !== undefined) this.#noteChange(forgotten)
  }

  #noteChange(id: string): void {
    this.#storage.note(id)
    this.#used.delete(id)
  }

  #use(peerId: string): void {
    this.#table.use(peerId)
    this.#used.add(peerId)
  }

  #save(): Promise<void> {
    return this.#storage.write(this.#table)
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw closed()
  }
}

function readOutcome(peerId: string, outcome: Outcome): PeerState {
  const failure = 'thrown' in outcome ? outcome : { thrown: outcome.returned }
  if ('returned' in outcome && !(outcome.returned instanceof Error)) return readPeerState(outcome.returned, peerId)
  const { thrown } = failure
  const words = thrown instanceof Error ? thrown.message : String(thrown)
  throw fetchFailed(peerId, hasStatusGone(thrown) ? 'gone' : 'error', words, thrown)
}

function fetchFailed(peer: string, reason: 'error' | 'gone' | 'timeout', words: string, cause?: unknown): TwinlogError {
  return new TwinlogError('PEER_FETCH_FAILED', `${peer} could not be fetched: ${words}`, { peer, reason }, cause)
}

function isGone(error: unknown): boolean {
  return error instanceof TwinlogError && 'reason' in error && error.reason === 'gone'
}

/** Whether an error, or what caused it, carries the HTTP status 410. */
function hasStatusGone(error: unknown): boolean {
  let at = error
  for (let depth = 0; depth < CAUSES_MAX && typeof at === 'object' && at !== null; depth++) {
    if ('status' in at && at.status === 410) return true
    at = 'cause' in at ? at.cause : undefined
  }
  return false
}

function closed(): TwinlogError {
  return new TwinlogError('CLOSED', 'the peer cache is closed', {})
}

interface Settings {
  readonly clock: () => number
  readonly limits: sets.PeerSetLimits
  readonly timeoutMs: number
  readonly initial: readonly PeerState[]
}

/** @throws PEER_INVALID, OUT_OF_RANGE */
function settingsOf(options: PeerCacheOptions): Settings {
  const peersMax = checkLimit('peersMax', options.peersMax ?? 10_000)
  return {
    clock: options.clock ?? Date.now,
    limits: {
      peersMax,
      hostPeersMax: checkLimit('hostPeersMax', options.hostPeersMax ?? Math.ceil(peersMax / 4)),
      negativesMax: checkLimit('negativesMax', options.negativesMax ?? 1000),
      tombstonesMax: checkLimit('tombstonesMax', options.tombstonesMax ?? 10_000),
    },
    timeoutMs: checkLimit('fetchTimeoutMs', options.fetchTimeoutMs ?? 10_000, TIMEOUT_MS_MAX),
    initial: [...(options.initial ?? [])].map(each => readPeerState(each)),
  }
}

function checkLimit(name: string, value: unknown, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`)
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return value
  const facts = { argument: name, value, min: 1, max }
  throw new TwinlogError('OUT_OF_RANGE', `${name} must be an integer from 1 to ${max}, not ${value}`, facts)
}
