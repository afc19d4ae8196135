/** What the peer cache holds and answers: plain data, in exactly the shape that verifying a signature reads. */
import type { VerificationKey } from '../signatures/key-material.ts'

/** What is known of a remote actor. Times are milliseconds since 1970. */
export interface PeerState {
  /** The id of its actor document; the owner of all its keys. */
  readonly id: string
  readonly keys: readonly VerificationKey[]
  readonly fetchedAt: number
  /** From then on it is stale, however lately it was fetched. */
  readonly expiresAt?: number
}

export interface PeerHit {
  readonly peer: PeerState
  /** It was fetched a day ago or more, or has expired: worth a refresh, once what it is needed for is done. */
  readonly stale: boolean
}

export interface PeerKeyHit extends PeerHit {
  readonly key: VerificationKey
}

/** That an id could not be fetched lately. It hides nothing: whoever asks for it decides what it means. */
export interface NegativeEntry {
  readonly reason: string
  /** From then on it is as if it had never been. */
  readonly until: number
}

export interface FetchPeerOptions {
  /** Ends this call's waiting; the fetch goes on while others wait for it. */
  readonly signal?: AbortSignal
}

export interface PeerRefresh extends PeerHit {
  /** Whether its keys are others than before: if not, verifying again would give the same answer. */
  readonly keysChanged: boolean
}

/**
 * The peer cache: remote actors and their public keys, bounded, and safe to lose. A peer id is an http(s) URL of at most
 * 2,048 characters. Every method throws `CLOSED` once the cache, or its store, is closed.
 */
export interface Peers {
  /** At once, and without any effect but on who goes first when the cache is full. */
  lookup(peerId: string): PeerHit | undefined
  /** Actors may list one key id together: then `owner` says whose is meant, else it is the one that came in first. */
  lookupByKey(keyId: string, owner?: string): PeerKeyHit | undefined
  /** In the order in which they came in. */
  list(): readonly PeerState[]
  /** In its old place, or at the end. Seen at once by every lookup; resolves when it is saved. @throws PEER_INVALID */
  store(peer: PeerState): Promise<void>
  /** Nothing happens when it is not there. */
  evict(peerId: string): Promise<void>
  /**
   * What is there, however stale; else what the fetch brings, which is stored.
   * @throws PEER_FETCH_FAILED, PEER_INVALID
   */
  lookupOrFetch(peerId: string, fetch: FetchPeerState, options?: FetchPeerOptions): Promise<PeerHit>
  /** Fetches, whatever is there, and replaces it on success only. @throws PEER_FETCH_FAILED, PEER_INVALID */
  refresh(peerId: string, fetch: FetchPeerState, options?: FetchPeerOptions): Promise<PeerRefresh>
  /** In memory only, and read by nothing here but `negative`: whether it stands in the way is the caller's to say. */
  addNegative(id: string, entry: NegativeEntry): void
  negative(id: string): NegativeEntry | undefined
  /** Since when the peer answers 410, in milliseconds since 1970. */
  tombstone(peerId: string): number | undefined
}

/** Finds out the state of a peer. It may also throw; `signal` says when nobody waits for the answer any more. */
export type FetchPeerState = (
  peerId: string,
  options: { readonly signal: AbortSignal },
) => PeerState | Error | Promise<PeerState | Error>
