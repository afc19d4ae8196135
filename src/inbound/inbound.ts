/**
 * The inbound pipeline: from a raw delivery to a verdict, and, when it is accepted, one append. This file has the order
 * of the stages; each stage is a file of its own.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PeerState } from '../peers/types.ts'
import type { VerifiedSignature } from '../signatures/check-signature.ts'
import type { Delivery } from '../signatures/delivery.ts'
import { checkDelivery, checkOptions, checkOrigin, checkStages } from './arguments.ts'
import { runHostStages } from './host-stages.ts'
import { limitsOf, type InboundLimits } from './limits.ts'
import { handleNode } from './node-adapter.ts'
import { readDelivery, type ReadDelivery } from './read-delivery.ts'
import { appendToInboxes, refusalOf } from './stages/append.ts'
import { checkBlock } from './stages/block.ts'
import { findInboxes } from './stages/inboxes.ts'
import { KeyFinder } from './stages/key.ts'
import { checkKeyOwner } from './stages/key-owner.ts'
import { checkObjectOwner } from './stages/object-owner.ts'
import { readClaims, type Claim } from './stages/signature.ts'
import { checkUnknownActor } from './stages/unknown-actor.ts'
import { verifyClaim, type VerifiedClaim } from './stages/verify.ts'
import type { InboundOptions, Validated, Verdict } from './types.ts'
import { signerOf, validateDelivery, verifySignatureOf, type ValidateContext } from './validate.ts'
import { isRejected, reject, type Rejected } from './verdict.ts'
import { handleRequest } from './web-adapter.ts'

export interface Inbound {
  /**
   * Judges a delivery, and appends what it accepts. A stranger's doing never makes it reject: that is a verdict.
   * @throws what the host's own hooks throw
   */
  receive(delivery: Delivery): Promise<Verdict>
  /** What `receive` judges, with this peer's keys and without the host's hooks: no fetch, no append. */
  validate(delivery: Delivery, peer: PeerState): Validated | Rejected
  /** Whether one of the peer's keys made the HTTP signature. Says nothing of what the body says. */
  verifySignature(delivery: Delivery, peer: PeerState): VerifiedSignature | Rejected
  /** Receives a web-standard request, and answers it. */
  handle(request: Request): Promise<Response>
  /** Receives a request of `node:http`, and answers it; resolves when the answer is written. */
  handleNode(request: IncomingMessage, response: ServerResponse): Promise<void>
}

/** @throws OUT_OF_RANGE, TypeError */
export function createInbound(options: InboundOptions): Inbound {
  checkOptions(options)
  return new Pipeline(options)
}

class Pipeline implements Inbound {
  readonly #options: InboundOptions
  readonly #origin: URL
  readonly #limits: InboundLimits
  readonly #keys: KeyFinder
  readonly #clock: () => number

  constructor(options: InboundOptions) {
    const { clock = Date.now, stages = [] } = options
    this.#options = { ...options, stages: checkStages(stages) }
    this.#origin = checkOrigin(options.origin)
    this.#limits = limitsOf(options.limits)
    this.#keys = new KeyFinder({ peers: options.store.peers, fetchPeer: options.fetchPeer, limits: this.#limits })
    this.#clock = clock
  }

  async receive(delivery: Delivery): Promise<Verdict> {
    checkDelivery(delivery)
    const verdict = await this.#verdictOn(delivery)
    await this.#options.onVerdict?.(verdict, delivery)
    return verdict
  }

  validate(delivery: Delivery, peer: PeerState): Validated | Rejected {
    checkDelivery(delivery)
    return validateDelivery(delivery, peer, this.#context())
  }

  verifySignature(delivery: Delivery, peer: PeerState): VerifiedSignature | Rejected {
    checkDelivery(delivery)
    return verifySignatureOf(delivery, peer, this.#context())
  }

  handle(request: Request): Promise<Response> {
    return handleRequest(request, this.#adapterContext())
  }

  handleNode(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return handleNode(request, response, this.#adapterContext())
  }

  async #verdictOn(delivery: Delivery): Promise<Verdict> {
    try {
      const { origin } = this.#origin
      const read = readDelivery(delivery, { origin, limits: this.#limits })
      return isRejected(read) ? read : await this.#judge(delivery, read)
    } catch (error) {
      return refusalOf(error)
    }
  }

  async #judge(delivery: Delivery, read: ReadDelivery): Promise<Verdict> {
    const { store, route, isBlocked, isKnownActor, stages = [] } = this.#options
    const { envelope } = read
    const { actor, activity } = envelope
    const { origin, host } = this.#origin

    const routed = await findInboxes(delivery, activity, { store, origin, route })
    if (isRejected(routed)) return routed
    const { inboxes } = routed
    const unwanted =
      (await checkBlock(envelope, isBlocked)) ??
      (await checkUnknownActor(envelope, store.peers, isKnownActor)) ??
      (await runHostStages(stages, 'unverified', { delivery, activity, actor, inboxes, signer: undefined }))
    if (unwanted !== undefined) return unwanted

    const now = this.#clock()
    const signatures = readClaims(read, { host, now, limits: this.#limits })
    if (isRejected(signatures)) return signatures
    const vouched = await this.#vouch(signatures.claims, actor, now)
    if (isRejected(vouched)) return vouched
    const signer = signerOf(vouched.claim, vouched.verified)
    const refused =
      checkKeyOwner(vouched.verified, actor, vouched.peer) ??
      checkObjectOwner(envelope) ??
      (await runHostStages(stages, 'verified', { delivery, activity, actor, inboxes, signer }))
    if (refused !== undefined) return refused

    const meta = { actor, keyId: signer.keyId, form: signer.form, verifiedAt: now }
    const appended = await appendToInboxes(store, { inboxes, body: read.delivery.body, key: envelope.id, meta })
    if (vouched.stale) this.#keys.refreshLater(actor, now)
    if (isRejected(appended)) return appended
    const { outcomes } = appended
    const code = outcomes.some(({ duplicate }) => duplicate === false) ? 'accepted' : 'duplicate'
    return { accepted: true, code, status: 202, activity, signer, inboxes: outcomes }
  }

  /** The first claim that a key of the actor's confirms; else why the last one was refused. */
  async #vouch(claims: readonly Claim[], actor: string, now: number): Promise<VerifiedClaim | Rejected> {
    let last: VerifiedClaim | Rejected = reject('missing_signature', 'no claim')
    for (const claim of claims) {
      last = await verifyClaim(claim, actor, now, this.#keys)
      if (!isRejected(last)) return last
    }
    return last
  }

  #context(): ValidateContext {
    return { origin: this.#origin, limits: this.#limits, now: this.#clock() }
  }

  #adapterContext() {
    return {
      origin: this.#origin.origin,
      bodyBytesMax: this.#limits.bodyBytesMax,
      receive: (delivery: Delivery) => this.receive(delivery),
      refused: async (verdict: Rejected, request: Pick<Delivery, 'method' | 'url'>) =>
        this.#options.onVerdict?.(verdict, request),
    }
  }
}
