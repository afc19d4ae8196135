/** The public engine over any log store. */
import type { CompactOptions, CompactReport } from '../log-store/compact-options.ts'
import type { AppendOutcome, Box, LogStore, LogStoreStats } from '../log-store/types.ts'
import { PAYLOAD_BYTES_MAX } from '../record/layout.ts'
import { ActorList } from './actor-list.ts'
import {
  checkActorId,
  checkFunction,
  checkInteger,
  checkOptions,
  checkPolicy,
  checkSignal,
  checkWord,
} from './arguments.ts'
import { draftsOf } from './drafts.ts'
import { PAYLOAD_BYTES_MAX_DEFAULT, type Engine } from './engine.ts'
import { flushOf } from './flush.ts'
import { LogHandle } from './log.ts'
import { retain } from './retain.ts'
import { RetentionClock } from './retention-clock.ts'
import type {
  Actors,
  FlushItem,
  FlushOptions,
  FlushResult,
  Log,
  RetentionPolicies,
  RetentionReport,
  Store,
  StoreOptions,
} from './types.ts'

/**
 * What a store is made over: its log store is its own from then on, closing one closes the other.
 * @throws OUT_OF_RANGE
 */
export function engineOf(
  logStore: LogStore,
  options: StoreOptions | undefined,
  firstUnread: Engine['firstUnread'],
): Engine {
  const { clock = Date.now, payloadBytesMax = PAYLOAD_BYTES_MAX_DEFAULT } = checkOptions(options, 'createStore')
  return {
    logStore,
    firstUnread,
    retentionClock: new RetentionClock(logStore, clock),
    clock: checkFunction('clock', clock),
    payloadBytesMax: checkInteger('payloadBytesMax', payloadBytesMax, 1, PAYLOAD_BYTES_MAX),
  }
}

export class EngineStore implements Store {
  readonly actors: Actors
  readonly #engine: Engine
  #closing: Promise<void> | undefined

  constructor(engine: Engine) {
    this.#engine = engine
    this.actors = new ActorList(engine.logStore)
  }

  inbox(actor: string): Log {
    return new LogHandle(this.#engine, checkActorId(actor), 'inbox')
  }

  outbox(actor: string): Log {
    return new LogHandle(this.#engine, checkActorId(actor), 'outbox')
  }

  async append(items: readonly FlushItem[], options?: FlushOptions): Promise<readonly FlushResult[]> {
    const onConflict = checkWord('onConflict', checkOptions(options, 'append').onConflict, ['reject', 'skip'])
    const outcomes = await this.#engine.logStore.append(
      flushOf(this.#engine, draftsOf(this.#engine, items), onConflict),
    )
    return outcomes.map(resultOf)
  }

  flush(): Promise<void> {
    return this.#engine.logStore.flush()
  }

  flushIndex(): Promise<void> {
    return this.#engine.logStore.flushIndex()
  }

  async retain(policies: RetentionPolicies, options?: { readonly signal?: AbortSignal }): Promise<RetentionReport> {
    const { inbox, outbox } = checkOptions(policies, 'retain')
    const signal = checkSignal(checkOptions(options, 'retain').signal)
    const checked = Object.entries({ inbox, outbox }).flatMap(([box, policy]) =>
      policy === undefined ? [] : [{ box: box as Box, policy: checkPolicy(policy) }],
    )
    const hasAge = checked.some(({ policy }) => policy.maxAge !== undefined)
    const now = hasAge ? await this.#engine.retentionClock.now() : null
    const report = { logs: 0, records: 0 }
    for await (const actor of this.actors.list()) {
      for (const { box, policy } of checked) {
        signal?.throwIfAborted()
        const dropped = (await retain(this.#engine.logStore, { actor, box }, policy, now))?.dropped ?? 0
        if (dropped > 0) report.logs += 1
        report.records += dropped
      }
    }
    return report
  }

  async compact(options?: CompactOptions): Promise<CompactReport> {
    const { dryRun, onProgress, signal, deadShareMin, bytesPerSecond } = checkOptions(options, 'compact')
    if (dryRun !== undefined && typeof dryRun !== 'boolean') throw new TypeError('dryRun must be a boolean')
    for (const [name, value] of Object.entries({ deadShareMin, bytesPerSecond }))
      if (value !== undefined && typeof value !== 'number') throw new TypeError(`${name} must be a number`)
    if (onProgress !== undefined) checkFunction('onProgress', onProgress)
    checkSignal(signal)
    return this.#engine.logStore.compact({ dryRun, onProgress, signal, deadShareMin, bytesPerSecond })
  }

  stats(): LogStoreStats {
    return this.#engine.logStore.stats()
  }

  close(): Promise<void> {
    this.#closing ??= this.#engine.logStore.close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

export function resultOf(outcome: AppendOutcome): FlushResult {
  if (outcome.status === 'refused') return { error: outcome.error }
  return { seq: outcome.seq, duplicate: outcome.status === 'duplicate' }
}
