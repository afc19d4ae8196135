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

/** Finds out the state of a peer. It may also throw; `signal` says when nobody waits for the answer any more. */
export type FetchPeerState = (
  peerId: string,
  options: { readonly signal: AbortSignal },
) => PeerState | Error | Promise<PeerState | Error>
