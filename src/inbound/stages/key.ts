/**
 * Stage 12: the key that a claim names, among those that the actor lists. Only the actor's own document is ever fetched,
 * never the URL of a key: so no document of somebody else's can claim to be the actor's key. It is fetched at most once for a
 * delivery; what failed lately is not asked again at once, and a failure takes nothing away that was good.
 */
import { isTwinlogError, type ErrorFacts, type TwinlogError } from '../../errors.ts'
import { FetchError, type FetchErrorCode } from '../../peers/fetch/fetch-error.ts'
import type { FetchPeerState, PeerKeyHit, PeerRefresh, Peers } from '../../peers/types.ts'
import { isSameKey } from '../../signatures/actor-keys.ts'
import type { VerificationKey } from '../../signatures/key-material.ts'
import { originOf } from '../../signatures/origin.ts'
import type { InboundLimits } from '../limits.ts'
import { reject, type Rejected } from '../verdict.ts'

interface KeyRules {
  readonly peers: Peers
  readonly fetchPeer: FetchPeerState
  readonly limits: Pick<
    InboundLimits,
    'originFetchesMax' | 'fetchesMax' | 'refreshCooldownMs' | 'negativeMs' | 'tombstoneMs'
  >
}

export interface FoundKey extends PeerKeyHit {
  /** It was in the cache: it may have changed since. */
  readonly wasCached: boolean
}

type PeerError =
  | (TwinlogError<'PEER_FETCH_FAILED'> & ErrorFacts['PEER_FETCH_FAILED'])
  | (TwinlogError<'PEER_INVALID'> & ErrorFacts['PEER_INVALID'])

/** What asking again would not change: nobody is told to try again for these. */
const INVALID_FETCHES = new Set<FetchErrorCode>([
  'address_refused',
  'id_mismatch',
  'malformed',
  'no_key',
  'origin_mismatch',
  'url_refused',
])
const COOLDOWNS_MAX = 10_000
const INVALID = 'invalid'

export class KeyFinder {
  readonly #rules: KeyRules
  /** From peer ids to when they may be fetched again, the oldest first. */
  readonly #cooldowns = new Map<string, number>()
  /** Actors that are being fetched, by their origin: it is a stranger who names them, and another who is asked. */
  readonly #fetching = new Map<string, Set<string>>()
  /** Actors in all sets of `#fetching`. */
  #fetchingSize = 0
  /** Those under way. A server whose key is another one sends many deliveries at a time: all wait for the first one's. */
  readonly #refreshes = new Map<string, Promise<PeerRefresh>>()

  constructor(rules: KeyRules) {
    this.#rules = rules
  }

  async find(actor: string, keyId: string, now: number): Promise<FoundKey | Rejected> {
    const { peers } = this.#rules
    const hit = peers.lookupByKey(keyId, actor)
    if (hit !== undefined) return { ...hit, wasCached: true }
    const failure = peers.lookup(actor) === undefined ? await this.#fetch(actor, now) : await this.#refresh(actor, now)
    if (failure !== undefined) return failure
    const fetched = peers.lookupByKey(keyId, actor)
    if (fetched !== undefined) return { ...fetched, wasCached: false }
    return reject('key_owner_mismatch', 'the actor does not list this key')
  }

  /** Another key of that id than the one that failed: there meanwhile, or fetched anew. Nothing when there is none. */
  async findNewer(actor: string, failed: VerificationKey, now: number): Promise<FoundKey | undefined> {
    try {
      const meanwhile = this.#another(actor, failed)
      if (meanwhile !== undefined) return meanwhile
      return (await this.#refreshOnce(actor, now)) === undefined ? undefined : this.#another(actor, failed)
    } catch (error) {
      if (isOfPeer(error)) return undefined
      throw error
    }
  }

  /** Fetches a stale peer again, when nobody waits for it any more. */
  refreshLater(actor: string, now: number): void {
    this.#refreshOnce(actor, now)?.catch(() => undefined)
  }

  #another(actor: string, failed: VerificationKey): FoundKey | undefined {
    const hit = this.#rules.peers.lookupByKey(failed.id, actor)
    return hit === undefined || isSameKey(hit.key, failed) ? undefined : { ...hit, wasCached: false }
  }

  async #fetch(actor: string, now: number): Promise<Rejected | undefined> {
    const { peers, fetchPeer, limits } = this.#rules
    const gone = peers.tombstone(actor)
    if (gone !== undefined && now < gone + limits.tombstoneMs) return reject('key_gone', actor)
    const negative = peers.negative(actor)
    if (negative?.reason === INVALID) return reject('key_invalid', 'lately')
    if (negative !== undefined) return reject('key_fetch_failed', 'lately')
    const origin = originOf(actor) ?? actor
    const fetching = this.#fetching.get(origin) ?? new Set()
    if (!fetching.has(actor)) {
      if (fetching.size >= limits.originFetchesMax)
        return reject('key_fetch_failed', 'too many of this origin at a time')
      if (this.#isBusy()) return reject('key_fetch_failed', 'too many at a time')
      this.#fetchingSize += 1
    }
    this.#fetching.set(origin, fetching.add(actor))
    try {
      await peers.lookupOrFetch(actor, fetchPeer)
      this.#stamp(actor, now)
      return undefined
    } catch (error) {
      return this.#failed(actor, error, now)
    } finally {
      if (fetching.delete(actor)) this.#fetchingSize -= 1
      if (fetching.size === 0 && this.#fetching.get(origin) === fetching) this.#fetching.delete(origin)
    }
  }

  async #refresh(actor: string, now: number): Promise<Rejected | undefined> {
    try {
      const refreshed = await this.#refreshOnce(actor, now)
      // The key may be a new one. Whoever sends it will try again, and by then it is looked at.
      return refreshed === undefined ? reject('key_fetch_failed', 'asked lately, or too many at a time') : undefined
    } catch (error) {
      return this.#failed(actor, error, now)
    }
  }

  #failed(actor: string, error: unknown, now: number): Rejected {
    if (!isOfPeer(error)) throw error
    if (isTwinlogError(error, 'PEER_FETCH_FAILED') && error.reason === 'gone') return reject('key_gone', actor)
    const until = now + this.#rules.limits.negativeMs
    const refusal = refusalFor(error)
    this.#rules.peers.addNegative(actor, { reason: refusal.code === 'key_invalid' ? INVALID : 'failed', until })
    return refusal
  }

  /** Whether as many fetches are under way as may be. Whoever only joins one does not ask. */
  #isBusy(): boolean {
    return this.#fetchingSize + this.#refreshes.size >= this.#rules.limits.fetchesMax
  }

  /** The refresh under way, or one that starts now; nothing when there was one lately, or there is no room for one. */
  #refreshOnce(actor: string, now: number): Promise<PeerRefresh> | undefined {
    const underWay = this.#refreshes.get(actor)
    if (underWay !== undefined || now < (this.#cooldowns.get(actor) ?? -Infinity)) return underWay
    if (this.#isBusy()) return undefined
    this.#stamp(actor, now)
    const { peers, fetchPeer } = this.#rules
    const refresh = peers.refresh(actor, fetchPeer).finally(() => this.#refreshes.delete(actor))
    this.#refreshes.set(actor, refresh)
    return refresh
  }

  #stamp(actor: string, now: number): void {
    this.#cooldowns.delete(actor)
    if (this.#cooldowns.size >= COOLDOWNS_MAX)
      for (const oldest of this.#cooldowns.keys()) if (this.#cooldowns.delete(oldest)) break
    this.#cooldowns.set(actor, now + this.#rules.limits.refreshCooldownMs)
  }
}

function refusalFor(error: PeerError): Rejected {
  if (!isTwinlogError(error, 'PEER_FETCH_FAILED')) return reject('key_invalid', 'no peer state')
  const { cause, reason } = error
  const isInvalid = cause instanceof FetchError && INVALID_FETCHES.has(cause.code)
  return isInvalid ? reject('key_invalid', cause.code) : reject('key_fetch_failed', reason)
}

function isOfPeer(error: unknown): error is PeerError {
  return isTwinlogError(error, 'PEER_FETCH_FAILED') || isTwinlogError(error, 'PEER_INVALID')
}
