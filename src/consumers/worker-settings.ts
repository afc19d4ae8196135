/** A worker's options, checked and with their defaults. */
import { hash } from 'node:crypto'
import { checkFunction, checkInteger } from '../actors/arguments.ts'
import { isWellFormed } from '../record/codecs/well-formed.ts'
import type { ConsumerRecord, WorkerOptions } from './types.ts'

export interface WorkerSettings<Value> {
  readonly name: string
  readonly targetsOf: (record: ConsumerRecord<Value>) => Promise<readonly string[]>
  readonly attemptsMax: number
  readonly attemptMs: number
  readonly stopMs: number
  readonly ahead: number
  readonly backoff: (attempts: number, target: string) => number
  readonly clock: () => number
  readonly timer: (ms: number, wake: () => void) => () => void
}

const TARGET_BYTES_MAX = 2048
const FIRST_WAIT_MS = 5000
const WAIT_MS_MAX = 6 * 60 * 60 * 1000

export function settingsOf<Value>(
  name: string,
  options: WorkerOptions<Value>,
  clock: () => number,
): WorkerSettings<Value> {
  const { targets, backoff = defaultBackoff, timer = defaultTimer } = options
  if (targets !== undefined) checkFunction('targets', targets)
  checkFunction('backoff', backoff)
  return {
    name,
    targetsOf: async record => (targets === undefined ? [''] : checkTargets(await targets(record))),
    attemptsMax: checkInteger('attemptsMax', options.attemptsMax ?? 16, 1),
    attemptMs: checkInteger('attemptMs', options.attemptMs ?? 60_000, 1, 2 ** 31 - 1),
    stopMs: checkInteger('stopMs', options.stopMs ?? 10_000, 0, 2 ** 31 - 1),
    ahead: checkInteger('ahead', options.ahead ?? 1000, 1),
    backoff: (attempts, target) => Math.max(0, Math.floor(backoff(attempts, target))),
    clock: options.clock === undefined ? clock : checkFunction('clock', options.clock),
    timer: checkFunction('timer', timer),
  }
}

function checkTargets(targets: unknown): readonly string[] {
  if (!Array.isArray(targets)) throw new TypeError('targets must give an array of strings')
  for (const target of targets) {
    if (typeof target !== 'string' || !isWellFormed(target) || Buffer.byteLength(target) > TARGET_BYTES_MAX) {
      throw new TypeError(`a target is a string of at most ${TARGET_BYTES_MAX} bytes`)
    }
  }
  return [...new Set(targets as string[])]
}

/** 5 s, 10 s, 20 s and so on up to 6 hours, and up to a quarter more: targets that failed together part. */
function defaultBackoff(attempts: number, target: string): number {
  const waitMs = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** (attempts - 1))
  const share = hash('sha256', `${target} ${attempts}`, 'buffer').readUInt16BE(0) / 65_536
  return waitMs * (1 + share / 4)
}

function defaultTimer(ms: number, wake: () => void): () => void {
  const timeout = setTimeout(wake, ms)
  return () => clearTimeout(timeout)
}
