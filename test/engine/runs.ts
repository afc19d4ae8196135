/**
 * How often a property runs: `usual` times by default, and FC_RUNS percent of that when it is set (100 is the usual).
 * A run that never ends is a failure with a counterexample, not a test that times out without one.
 */
import { vi } from 'vitest'

export interface Runs {
  readonly numRuns: number
  readonly timeout: number
  readonly interruptAfterTimeLimit: number
  readonly markInterruptAsFailure: boolean
}

const { FC_RUNS } = process.env
const scale = FC_RUNS === undefined ? 1 : Number(FC_RUNS) / 100
/** Longer for more runs. Shrinking stops before the test would time out. */
const timeLimit = 180_000 * Math.max(1, scale)
vi.setConfig({ testTimeout: timeLimit })

export function runs(usual: number): Runs {
  return {
    numRuns: Math.max(1, Math.round(usual * scale)),
    timeout: 15_000,
    interruptAfterTimeLimit: timeLimit - 10_000,
    markInterruptAsFailure: true,
  }
}
