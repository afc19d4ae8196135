/**
 * Orders everything that is written: requests as they were made, sequences as requested, frames one at a time. A request
 * whose actors, heads or keys are not at hand holds up those behind it until they are looked up, all of them together.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import { TwinlogError } from '../../errors.ts'
import type { KeyIndex } from '../../key-index/key-index.ts'
import { keptFlush } from '../kept-flush.ts'
import type { AppendOutcome, LogName } from '../types.ts'
import { FrameBatch, type Ticket } from './frame-batch.ts'
import { FramePace } from './frame-pace.ts'
import { findNeeds, firstOf } from './lookup.ts'
import type { RecordRemains } from './record-remains.ts'
import type { Request } from './requests.ts'
import type { TailMemory } from './tail-memory.ts'
import { isTakingAway, writeRequest } from './write-request.ts'

interface SequencerHooks {
  /** Asked for keys at once. */
  readonly index: KeyIndex
  /** Brings what these requests need into memory, mending the index where it must. */
  lookUp(requests: readonly Request[]): Promise<void>
  /** What a record says; null when there is nothing to take out of it. */
  look(log: LogName, seq: number): Promise<RecordRemains | null>
  /** Whether the index is so far behind that appends must wait. */
  isIndexFull(): boolean
  /** Why so many bytes can't be written for now; null when they can. Trims and removals are written all the same. */
  refusal(bytes: number): TwinlogError | null
  /** Before a frame that must go through on a full disk: resolves when what can be done for it is done. */
  makeRoom(): Promise<void>
  /** A frame is acknowledged. */
  onCommit(batch: FrameBatch): void
}

export class Sequencer {
  readonly #log: CommitLog
  readonly #memory: TailMemory
  readonly #hooks: SequencerHooks
  #queue: Request[] = []
  #batch: FrameBatch
  #inFlight: FrameBatch | null = null
  #isLooking = false
  #isScheduled = false
  /** The frame that fills holds a trim, a redaction or a removal, which the host needs most when the disk is full. */
  #needsRoom = false
  /** A frame is to be written even if it is empty. */
  #isFrameWanted = false
  #idleWaiters: (() => void)[] = []
  readonly #pace = new FramePace()
  readonly counts = { appended: 0, duplicates: 0, refused: 0, frames: 0 }

  constructor(log: CommitLog, memory: TailMemory, hooks: SequencerHooks) {
    this.#log = log
    this.#memory = memory
    this.#hooks = hooks
    this.#batch = new FrameBatch(memory)
  }

  get waiting(): number {
    return this.#queue.length
  }

  /** Whether a frame begins in this turn of the event loop. */
  get isFrameDue(): boolean {
    return this.#isScheduled
  }

  submit(request: Request): void {
    if (this.#log.poison !== null) return request.reject(poisoned(this.#log.poison))
    // Most requests are taken at once, and never see the queue.
    if (this.#queue.length === 0 && this.#canTake(request)) {
      this.#take(request)
      return this.#goOn()
    }
    if (request.kind === 'append') request.flush = keptFlush(request.flush)
    this.#queue.push(request)
    this.pump()
  }

  /** Takes what can be taken into the pending frame. Called again when a frame, a look-up or the index is done. */
  pump(): void {
    let taken = 0
    for (const request of this.#queue) {
      if (!this.#canTake(request)) break
      this.#take(request)
      taken += 1
    }
    if (taken > 0) this.#queue.splice(0, taken)
    this.#bringWhatIsMissing()
    this.#goOn()
  }

  #goOn(): void {
    if (!this.#log.pending.isEmpty || this.#isFrameWanted) return this.#schedule()
    // Duplicates and refusals bring something into memory, and no frame after which it is trimmed.
    this.#memory.makeRoom()
    this.#wakeIfIdle()
  }

  #canTake(request: Request): boolean {
    if (!this.#isOpen(request) || !findNeeds(request, this.#memory, this.#hooks.index)) return false
    return request.kind !== 'redact' || request.left !== undefined
  }

  /** Whether the request's turn has come, if it is the first. */
  #isOpen(request: Request): boolean {
    return !this.#isLooking && !this.#hooks.isIndexFull() && this.#log.pending.hasRoom(request.bytes)
  }

  /** Looks up what the first in the queue lacks, with what those behind it lack. */
  #bringWhatIsMissing(): void {
    const [request] = this.#queue
    if (request === undefined || !this.#isOpen(request)) return
    // The index is not asked again: it was just now, and what it could not say must be looked up.
    if (!findNeeds(request, this.#memory, null)) this.#startLookUp(this.#queue.slice())
    else if (request.kind === 'redact' && request.left === undefined) this.#startLook(request)
  }

  /** Resolves when nothing waits, fills or is on its way. */
  async idle(): Promise<void> {
    while (!this.#isIdle()) await new Promise<void>(resolve => this.#idleWaiters.push(resolve))
  }

  /**
   * Writes an empty frame, which says in the log itself that all before it is on disk: then damage to the last records
   * is known as damage, and not taken for a torn write. For closing, when idle.
   */
  async vouch(): Promise<void> {
    if (this.counts.frames === 0 || this.#log.poison !== null) return
    await this.#hooks.makeRoom()
    await this.#commit()
  }

  /** Resolves when the segment that is written now has a successor: frames follow, empty ones if nobody asks for others. */
  async sealSegment(): Promise<void> {
    const { segment } = this.#log.end
    if (this.#log.pending.place.segment === segment) this.#log.sealSegment()
    while (this.#log.end.segment === segment) await this.#nextFrame()
  }

  #nextFrame(): Promise<void> {
    if (this.#log.poison !== null) throw poisoned(this.#log.poison)
    return new Promise((resolve, reject) => {
      this.#batch.wait({ answer: resolve, fail: reject })
      this.#isFrameWanted = true
      this.#schedule()
    })
  }

  #isIdle(): boolean {
    return !this.#isFrameWanted && this.#queue.length === 0 && this.#inFlight === null && this.#log.pending.isEmpty
  }

  #wakeIfIdle(): void {
    if (!this.#isIdle()) return
    for (const wake of this.#idleWaiters.splice(0)) wake()
  }

  #startLookUp(requests: readonly Request[]): void {
    this.#isLooking = true
    void this.#lookUp(firstOf(requests)).finally(() => {
      this.#isLooking = false
      this.#memory.isLookedUpFor = false
      this.pump()
    })
  }

  /** What comes behind a redaction waits for the look at its record, and that for everything before it. */
  #startLook(request: Request & { readonly kind: 'redact' }): void {
    this.#isLooking = true
    void new Promise<void>((resolve, reject) => this.#after({ answer: resolve, fail: reject }))
      .then(async () => {
        request.left = await this.#hooks.look(request.log, request.seq)
      })
      .catch((error: unknown) => this.#refuse(request, error))
      .finally(() => {
        this.#isLooking = false
        this.pump()
      })
  }

  /** What one request needs may be damaged beyond mending: only that one fails, so then each is looked up by itself. */
  async #lookUp(requests: readonly Request[]): Promise<void> {
    try {
      await this.#hooks.lookUp(requests)
    } catch (error) {
      if (requests.length > 1) for (const request of requests) await this.#lookUp([request])
      else for (const request of requests) this.#refuse(request, error)
    }
  }

  #refuse(request: Request, error: unknown): void {
    const at = this.#queue.indexOf(request)
    if (at === -1) return
    this.#queue.splice(at, 1)
    request.reject(error)
  }

  #take(request: Request): void {
    const needsSpace = request.kind === 'append' || request.kind === 'addActor'
    const refusal = needsSpace ? this.#hooks.refusal(request.bytes) : null
    if (refusal !== null) return request.reject(refusal)
    try {
      this.#after(writeRequest(this.#log, this.#batch, this.#memory, request))
      if (request.kind === 'append') this.#count(request.outcomes)
      else this.#needsRoom ||= isTakingAway(request)
    } catch (error) {
      this.counts.refused += 1
      this.#after({ answer: () => request.reject(error), fail: request.reject })
    }
  }

  #count(outcomes: readonly AppendOutcome[]): void {
    for (const { status } of outcomes) {
      if (status === 'duplicate') this.counts.duplicates += 1
      if (status === 'refused') this.counts.refused += 1
    }
  }

  /** Answers once everything the answer rests on is acknowledged. */
  #after(ticket: Ticket): void {
    if (!this.#log.pending.isEmpty) this.#batch.wait(ticket)
    else if (this.#inFlight !== null) this.#inFlight.wait(ticket)
    else ticket.answer()
  }

  /** All that is asked for in this turn of the event loop goes into one frame, or a part of it goes ahead. */
  #schedule(): void {
    if (this.#inFlight !== null) return
    if (!this.#isScheduled) {
      this.#isScheduled = true
      this.#pace.gathers()
      setImmediate(this.#begin)
    } else if (this.#pace.isDue() && !this.#needsRoom) void this.#commit()
  }

  readonly #begin = (): void => {
    if (this.#needsRoom) void this.#hooks.makeRoom().then(this.#commitIfDue)
    else this.#commitIfDue()
  }

  readonly #commitIfDue = (): void => {
    this.#isScheduled = false
    if (this.#inFlight === null && (!this.#log.pending.isEmpty || this.#isFrameWanted)) void this.#commit()
  }

  async #commit(): Promise<void> {
    const batch = this.#batch
    this.#inFlight = batch
    this.#needsRoom = false
    this.#batch = new FrameBatch(this.#memory)
    this.#isFrameWanted = false
    const nextLog = this.#log.nextLog
    try {
      this.#pace.writes()
      const frame = await this.#log.commitPending()
      this.#pace.written()
      this.#inFlight = null
      this.counts.frames += 1
      batch.acknowledge(this.#log.end, nextLog, frame.bytes.length)
      this.counts.appended += batch.records
    } catch (error) {
      this.#inFlight = null
      this.#fail(batch, error)
      return
    }
    this.#hooks.onCommit(batch)
    this.#memory.trim()
    this.pump()
  }

  #fail(batch: FrameBatch, cause: unknown): void {
    this.failWaiting(cause)
    batch.fail(new TwinlogError('OUTCOME_UNKNOWN', 'the write failed; the append may or may not be there', {}, cause))
    this.#wakeIfIdle()
  }

  /** The log takes no more frames: whatever was not handed to the file yet never will be. */
  failWaiting(cause: unknown): void {
    const error = new TwinlogError('NOT_WRITTEN', 'a write failed; this append never reached the file', {}, cause)
    const batch = this.#batch
    this.#batch = new FrameBatch(this.#memory)
    this.#isFrameWanted = false
    batch.fail(error)
    this.#log.pending.reset(this.#log.pending.place)
    for (const request of this.#queue.splice(0)) request.reject(error)
    this.#wakeIfIdle()
  }
}

export function poisoned(cause: unknown): TwinlogError<'POISONED'> {
  return new TwinlogError('POISONED', 'an earlier write failed; reopen the store', {}, cause)
}
