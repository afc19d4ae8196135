/**
 * How often a property runs that should not run a hundred times: `usual` times, and FC_RUNS percent of that when it is
 * set (100 is the usual).
 * A run that never ends is a failure with a counterexample, not a test that times out without one.
 */
export interface Runs {
  readonly numRuns: number
  readonly timeout: number
  readonly interruptAfterTimeLimit: number
  readonly markInterruptAsFailure: boolean
}

const { FC_RUNS } = process.env
const scale = FC_RUNS === undefined ? 1 : Number(FC_RUNS) / 100
/** As long as a test may take (setup.ts). Shrinking stops before that. */
const timeLimit = 180_000 * Math.max(1, scale)

export function runs(usual: number): Runs {
  return {
    numRuns: Math.max(1, Math.round(usual * scale)),
    timeout: 15_000,
    interruptAfterTimeLimit: timeLimit - 10_000,
    markInterruptAsFailure: true,
  }
}
