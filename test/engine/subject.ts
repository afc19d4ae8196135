/**
 * What the engine's tests are run against: anything that answers the operations of the public API. The pure model is
 * one, the engine over the memory driver another, the engine over the embedded driver the third.
 */
import type { LogRef, Operation, Result } from '../model/operations.ts'
import type { BareLog } from './bare-index.ts'

export interface Subject {
  /** Starts the operation at once; resolves with its result, an expected failure included. */
  run(operation: Operation): Promise<Result>
  close(): Promise<void>
  readonly can: Capabilities
}

/** What can be done to a subject besides. A test whose capability is missing is left out for that subject. */
export interface Capabilities {
  /** Closes, and opens what was left. */
  reopen?(): Promise<void>
  /**
   * The machine loses power: nothing is closed, and what was not synced is there, gone, or torn, as the seed decides.
   * From the call on nothing is acknowledged any more. Opens what was left.
   */
  crash?(seed: number): Promise<void>
  /** From here on the index stays as it is. Does nothing when it is paused already. */
  pauseIndexer?(): Promise<void>
  resumeIndexer?(): Promise<void>
  /** Closes, damages the index on disk in one of many ways, and opens again. */
  damageIndex?(seed: number): Promise<void>
  /**
   * Gives space back: every segment with anything dead is written again. With `crashAfter`, the power goes after so many
   * of its disk operations, unless it is done before; opens what was left.
   */
  compact?(crashAfter?: number, seed?: number): Promise<void>
  /** Clears one log's key range and rebuilds it from the commit log. */
  rebuildIndex?(log: LogRef): Promise<void>
  /** Closes, and says what LevelDB alone finds of an actor's logs; opens again. Undefined: no such actor. */
  bareIndex?(actor: string): Promise<{ readonly inbox: BareLog; readonly outbox: BareLog } | undefined>
  /** Closes, flips one bit of the commit log's files, and opens again; the error when that is refused. */
  flipBit?(seed: number): Promise<{ readonly refused?: unknown }>
}

export interface SubjectKind {
  readonly name: string
  open(): Promise<Subject>
}
