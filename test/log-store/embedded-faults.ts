/** A small workload whose every append is remembered with its answer, and the check that a store still holds what it promised. */
import { expect } from 'vitest'
import { flushOf, inbox, key, outbox, readAll, textOf } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import type { LogName } from '../../src/log-store/types.ts'
import { isTwinlogError } from '../../src/errors.ts'

export const actor = 'https://example.com/users/alice'
export const logs = [inbox(actor), outbox(actor)] as const

/** One flush: a record in each of its logs, all with the same text, which is their key too. */
export interface Attempt {
  readonly name: string
  readonly logs: readonly LogName[]
  /** The sequences, in the order of the logs, or the code. */
  outcome: readonly number[] | string
}

/** Appends in waves of several at once; most to one log, some to both. Goes on whatever comes back. */
export async function work(store: EmbeddedLogStore, waves: number, from = 0): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  for (let wave = from; wave < from + waves; wave += 1) {
    const some = Array.from({ length: 4 }, (_, i) => attempt(store, `${wave}.${i} ${'x'.repeat(150)}`, i))
    // The next frame fills while this one is on its way.
    await new Promise(resolve => setImmediate(resolve))
    some.push(attempt(store, `${wave}.late`, wave))
    attempts.push(...(await Promise.all(some)))
  }
  return attempts
}

async function attempt(store: EmbeddedLogStore, name: string, kind: number): Promise<Attempt> {
  const to = kind % 4 === 3 ? logs : [logs[kind % 2]!]
  return { name, logs: to, outcome: await append(store, name, to) }
}

export async function append(
  store: EmbeddedLogStore,
  name: string,
  to: readonly LogName[],
): Promise<readonly number[] | string> {
  try {
    const outcomes = await store.append(flushOf(to.map(log => ({ log, text: name, key: keyOf(name) }))))
    return outcomes.map(outcome => {
      if (outcome.status === 'refused') throw outcome.error
      return outcome.seq
    })
  } catch (error) {
    if (isTwinlogError(error)) return error.code
    throw error
  }
}

const keyOf = (name: string): Uint8Array => key(name.split(' ')[0]!.padEnd(16, '-'))

/** Codes of appends that never reached the file. */
const absent = new Set(['NOT_WRITTEN', 'POISONED', 'LOW_SPACE', 'NO_ACTOR'])

/**
 * What was acknowledged is there, at its sequence; what was not written is not there; the rest is there as a whole or
 * not at all. No log has a gap, and nothing is there that nobody appended.
 */
export async function assertKept(store: EmbeddedLogStore, attempts: readonly Attempt[]): Promise<void> {
  const found = new Map<string, Map<string, number>>()
  for (const log of logs) {
    const records = await readAll(store, log).catch(() => [])
    expect(records.map(record => record.seq)).toEqual(records.map((_, i) => i + 1))
    const names = records.map(record => textOf(record.payload))
    expect(new Set(names).size, 'a record is there twice').toBe(names.length)
    found.set(log.box, new Map(names.map((name, i) => [name, i + 1])))
  }
  for (const { name, logs: to, outcome } of attempts) {
    const sequences = to.map(log => found.get(log.box)!.get(name))
    if (typeof outcome !== 'string') expect(sequences, name).toEqual(outcome)
    else if (absent.has(outcome)) expect(sequences, name).toEqual(to.map(() => undefined))
    else expect(new Set(sequences.map(seq => seq === undefined)).size, `${name} is there in part`).toBe(1)
    for (const [i, log] of to.entries()) {
      expect(await store.find(log, keyOf(name)).catch(() => null), name).toBe(sequences[i] ?? null)
    }
  }
  const known = new Set(attempts.map(each => each.name))
  for (const names of found.values()) for (const name of names.keys()) expect(known, name).toContain(name)
}

/** Everything again, with the same keys: each record is there exactly once then. */
export async function retry(store: EmbeddedLogStore, attempts: readonly Attempt[]): Promise<void> {
  await store.addActor(actor)
  const again: Attempt[] = []
  for (const each of attempts) again.push({ ...each, outcome: await append(store, each.name, each.logs) })
  for (const [i, { name, outcome }] of again.entries()) {
    expect(outcome, name).toEqual(expect.any(Array))
    const first = attempts[i]!.outcome
    if (typeof first !== 'string') expect(outcome, name).toEqual(first)
  }
  await assertKept(store, again)
}
