/**
 * What the inbound pipeline takes and answers. A delivery is judged by stages, cheap ones first; the first that refuses
 * ends it, and a refused delivery leaves no trace.
 */
import type { Store } from '../actors/types.ts'
import type { FetchPeerState, Peers } from '../peers/types.ts'
import type { SignatureAlgorithm } from '../signatures/algorithms.ts'
import type { SignatureForm } from '../signatures/coverage.ts'
import type { Delivery } from '../signatures/delivery.ts'
import type { InboundLimits } from './limits.ts'
import type { Rejected } from './verdict.ts'

/**
 * The activity of a delivery, parsed: `id` is an absolute http(s) URL, and `type` is there. A Linked Data signature
 * (`signature`) is not: it proves nothing here. The record keeps all bytes as they came.
 */
export interface Activity {
  readonly id: string
  readonly type: string | readonly string[]
  readonly [member: string]: unknown
}

/** What is known of an activity before anybody vouched for it. */
export interface Envelope {
  readonly id: string
  readonly types: readonly string[]
  /** The id of its only actor. */
  readonly actor: string
  readonly activity: Activity
}

/** Who vouches for an activity, and how. */
export interface Signer {
  /** The activity's actor: the key is its own. */
  readonly actor: string
  readonly keyId: string
  readonly form: SignatureForm | 'eddsa-jcs-2022'
  readonly algorithm: SignatureAlgorithm
}

/** What is kept in a record's `meta` beside the exact bytes of a delivery. */
export interface InboundMeta extends Pick<Signer, 'actor' | 'keyId' | 'form'> {
  /** When the signature was found right, in milliseconds since 1970. */
  readonly verifiedAt: number
}

/** What became of an accepted delivery in one inbox. */
export type InboxOutcome =
  | { readonly actor: string; readonly seq: number; readonly duplicate: boolean; readonly refused?: never }
  | {
      readonly actor: string
      /** It has another body with this id, or its actor was removed meanwhile: nothing was appended to it. */
      readonly refused: 'id_conflict' | 'inbox_gone'
      readonly seq?: never
      readonly duplicate?: never
    }

export interface Accepted {
  readonly accepted: true
  /** `duplicate` when every inbox that has it had it before. */
  readonly code: 'accepted' | 'duplicate'
  readonly status: 202
  readonly activity: Activity
  readonly signer: Signer
  /** One for each inbox that `route` named, in that order. */
  readonly inboxes: readonly InboxOutcome[]
}

export type Verdict = Accepted | Rejected

/** What `validate` finds right: everything that needs neither the host's hooks nor the store. */
export interface Validated {
  readonly accepted: true
  readonly activity: Activity
  readonly signer: Signer
}

type Answer<Value> = Value | Promise<Value>

/** A delivery as a host's own stage sees it. */
export interface StageInput {
  readonly delivery: Delivery
  readonly activity: Activity
  /** The id of the activity's actor. */
  readonly actor: string
  /** The local actors whose inboxes it is for. */
  readonly inboxes: readonly string[]
  /** Who vouches for it; undefined before the signature was checked. */
  readonly signer: Signer | undefined
}

/** What a host's own stage says to refuse a delivery. The code is the host's; the sender sees it and the detail. */
export interface StageRefusal {
  readonly code: string
  /** The HTTP status to answer with, 200 to 599. */
  readonly status: number
  /** Whether the sender may try again. False by default. */
  readonly retry?: boolean
  readonly detail?: string
}

/** A check of the host's own. */
export interface HostStage {
  readonly name: string
  /** `unverified`: before any key is looked up or fetched. `verified`: once the signer is known, before the append. */
  readonly at: 'unverified' | 'verified'
  /** Undefined lets it pass. What it throws is thrown by `receive`, and nothing is appended. */
  readonly check: (input: StageInput) => Answer<StageRefusal | undefined>
}

export interface InboundOptions {
  /** From `open` or `openMemory`. */
  readonly store: Pick<Store, 'actors' | 'append' | 'inbox'> & { readonly peers: Peers }
  /** How the outside reaches this server: scheme and host, and the port if it has one of its own. */
  readonly origin: string
  /** Finds out the state of a peer that is not in the cache, or whose key changed: `peerFromDocument(…)`. */
  readonly fetchPeer: FetchPeerState
  /**
   * The local actors whose inboxes a delivery is for; a shared inbox has many. Undefined: no inbox is at this URL. Empty:
   * a shared inbox, and nobody here is meant.
   */
  readonly route: (url: URL, activity: Activity) => Answer<readonly string[] | undefined>
  /** Milliseconds since 1970; `Date.now` by default. */
  readonly clock?: (() => number) | undefined
  readonly limits?: Partial<InboundLimits> | undefined
  /** Asked before any fetch. `silent` answers as if it had been accepted. */
  readonly isBlocked?: ((actor: string, activity: Activity) => Answer<boolean | 'silent'>) | undefined
  /** Whether the host ever had to do with a remote actor: asked when an actor that is not in the cache deletes itself. */
  readonly isKnownActor?: ((actor: string) => Answer<boolean>) | undefined
  readonly stages?: readonly HostStage[] | undefined
  /** Told each verdict before it is answered: for the host's log. What it throws is thrown, as by every hook. */
  readonly onVerdict?: ((verdict: Verdict, request: Pick<Delivery, 'method' | 'url'>) => Answer<void>) | undefined
}
