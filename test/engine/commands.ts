/**
 * The commands of the model-based tests: each operation of the public API, and each capability of a subject. A command
 * does the same to the model and to the subject, and compares the answers.
 */
import fc from 'fast-check'
import { actorIds, allLogs, change, question } from '../model/arbitraries.ts'
import { logOf, run, type ModelState } from '../model/model.ts'
import type { LogRef, Operation } from '../model/operations.ts'
import { assertAnswer, audit } from './audit.ts'
import type { Capabilities, Subject } from './subject.ts'

/** fast-check's commands change their model in place, so the state is kept in a box. */
export interface Model {
  state: ModelState
}

export type Command = fc.AsyncCommand<Model, Subject>

class Run implements Command {
  readonly #operation: Operation

  constructor(operation: Operation) {
    this.#operation = operation
  }

  /** To follow for more records than there are would be to wait for ever. */
  check({ state }: Readonly<Model>): boolean {
    if (this.#operation.type !== 'follow') return true
    const [, result] = run(state, this.#operation)
    return 'code' in result || (result.value as unknown[]).length === this.#operation.count
  }

  async run(model: Model, subject: Subject): Promise<void> {
    const [next, expected] = run(model.state, this.#operation)
    model.state = next
    assertAnswer(await subject.run(this.#operation), expected, this.#operation)
  }

  toString(): string {
    return fc.stringify(this.#operation)
  }
}

/** Something done to the subject that must change nothing, as the audit after it shows. */
class Disturb implements Command {
  readonly #title: string
  readonly #disturb: (can: Capabilities) => Promise<unknown> | undefined
  readonly #applies: (state: ModelState) => boolean

  constructor(
    title: string,
    disturb: (can: Capabilities) => Promise<unknown> | undefined,
    applies: (state: ModelState) => boolean = () => true,
  ) {
    this.#title = title
    this.#disturb = disturb
    this.#applies = applies
  }

  check({ state }: Readonly<Model>): boolean {
    return this.#applies(state)
  }

  async run({ state }: Model, subject: Subject): Promise<void> {
    await this.#disturb(subject.can)
    await audit(subject, state)
  }

  toString(): string {
    return this.#title
  }
}

const log: fc.Arbitrary<LogRef> = fc.constantFrom(...allLogs)

function disturbances(can: Capabilities): readonly fc.Arbitrary<Command>[] {
  const found: (fc.Arbitrary<Command> | false)[] = [
    fc.constant(new Disturb('audit', () => undefined)),
    can.reopen !== undefined && fc.constant(new Disturb('reopen', each => each.reopen?.())),
    can.crash !== undefined && fc.nat().map(seed => new Disturb(`crash(${seed})`, each => each.crash?.(seed))),
    can.pauseIndexer !== undefined && fc.constant(new Disturb('pauseIndexer', each => each.pauseIndexer?.())),
    can.resumeIndexer !== undefined && fc.constant(new Disturb('resumeIndexer', each => each.resumeIndexer?.())),
    can.damageIndex !== undefined &&
      fc.nat().map(seed => new Disturb(`damageIndex(${seed})`, each => each.damageIndex?.(seed))),
    can.compact !== undefined && fc.constant(new Disturb('compact', each => each.compact?.())),
    can.compact !== undefined &&
      fc
        .tuple(fc.nat({ max: 25 }), fc.nat())
        .map(([after, seed]) => new Disturb(`compact(${after}, ${seed})`, each => each.compact?.(after, seed))),
    can.rebuildIndex !== undefined &&
      log.map(each => {
        const isThere = (state: ModelState): boolean => logOf(state, each) !== undefined
        return new Disturb(`rebuildIndex(${fc.stringify(each)})`, other => other.rebuildIndex?.(each), isThere)
      }),
  ]
  return found.filter(each => each !== false)
}

/** Random commands for a subject that can do what `can` names. */
export function commandsFor(can: Capabilities, maxCommands: number): fc.Arbitrary<Iterable<Command>> {
  const addAll = actorIds.slice(0, 2).map((actor): Operation => ({ type: 'add', actor }))
  const arbitraries: fc.Arbitrary<Command>[] = [
    // Actors come first in a list, because most of what follows needs them.
    fc.constantFrom(...addAll).map(each => new Run(each)),
    change.map(each => new Run(each)),
    change.map(each => new Run(each)),
    change.map(each => new Run(each)),
    change.map(each => new Run(each)),
    question.map(each => new Run(each)),
    fc.oneof(...disturbances(can)),
  ]
  const replayPath = process.env['FC_REPLAY']
  return fc.commands(arbitraries, { maxCommands, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) })
}
