/**
 * What goes with one frame on its way: the changes it holds and the callers that wait for it.
 */
import type { LogPoint } from '../../commit-log/segment-scan.ts'
import type { TwinlogError } from '../../errors.ts'
import type { Change } from '../change.ts'
import type { LogState } from './log-state.ts'
import type { Underway } from './overlay.ts'
import type { TailMemory } from './tail-memory.ts'

/** A caller that waits for a frame, with the answer it gets if the frame is acknowledged. */
export interface Ticket {
  answer(): void
  fail(error: unknown): void
}

export class FrameBatch {
  readonly changes: Change[] = []
  /** Of each change the state of its log, where it is a change of one log: so that nobody has to look for it again. */
  readonly states: (LogState | null)[] = []
  /** The names in memory of the dedupe keys among them. */
  readonly keyNames: string[] = []
  /** After the frame was acknowledged: the point behind it, and what the index notes with it. */
  end: LogPoint | null = null
  nextLog = 0
  bytes = 0
  readonly #memory: TailMemory
  #records = 0
  readonly #tickets: Ticket[] = []
  /** Small, and apart from the batch: values in memory hold on to it. */
  readonly #underway = new UnderwayFrame()

  constructor(memory: TailMemory) {
    this.#memory = memory
  }

  /** Records among the changes. */
  get records(): number {
    return this.#records
  }

  /** Takes a change whose entry is in the frame. */
  add(change: Change, state: LogState | null, keyAs: string | null = null): void {
    this.changes.push(change)
    this.states.push(state)
    if (change.kind === 'append') this.#records += 1
    if (keyAs !== null) this.keyNames.push(keyAs)
    this.#memory.assign(change, state, keyAs, this.#underway)
  }

  /** Answers once the frame is acknowledged: a success, or a refusal that rests on what the frame holds. */
  wait(ticket: Ticket): void {
    this.#tickets.push(ticket)
  }

  acknowledge(end: LogPoint, nextLog: number, bytes: number): void {
    this.end = end
    this.nextLog = nextLog
    this.bytes = bytes
    this.changes.forEach((change, i) => this.#memory.acknowledge(change, this.states[i] ?? null))
    this.#underway.settle()
    for (const ticket of this.#tickets) ticket.answer()
    // The batch lives on until it is indexed; what the callers gave it must not.
    this.#tickets.length = 0
  }

  /** The frame was not, or perhaps not, written. */
  fail(error: TwinlogError): void {
    for (const change of this.changes) this.#memory.takeBack(change)
    for (const name of this.keyNames) this.#memory.keys.takeBack(name)
    this.#underway.settle()
    for (const ticket of this.#tickets) ticket.fail(error)
  }
}

/** Few wait for it, so there is a promise only once somebody does. */
class UnderwayFrame implements Underway {
  isSettled = false
  #waiters: (() => void)[] | null = null

  settled(): Promise<void> {
    if (this.isSettled) return Promise.resolve()
    return new Promise(resolve => (this.#waiters ??= []).push(resolve))
  }

  settle(): void {
    this.isSettled = true
    for (const wake of this.#waiters ?? []) wake()
    this.#waiters = null
  }
}
