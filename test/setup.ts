/**
 * Runs before each test file. Property tests take the number of runs from FC_RUNS, a seed from FC_SEED, and the path
 * to one counterexample from FC_PATH; a failure prints the command that replays it. So a property should not give
 * `numRuns` or `seed` itself; what needs another number than the usual one takes it from engine/runs.ts.
 */
import { relative } from 'node:path'
import fc from 'fast-check'
import { expect, vi } from 'vitest'
import { tally } from './tools/tally.ts'

const { FC_RUNS, FC_SEED, FC_PATH } = process.env
/** In percent, of a hundred runs. */
const numRuns = Number(FC_RUNS ?? 100)
vi.setConfig({ testTimeout: 180_000 * Math.max(1, numRuns / 100) })

function replayHint(details: fc.RunDetails<unknown>): string {
  const { testPath, currentTestName } = expect.getState()
  const file = testPath === undefined ? '' : ` ${relative(process.cwd(), testPath)}`
  const title = (currentTestName ?? '').replaceAll(' > ', ' ').replaceAll(/[^\w /-]/g, '.')
  const path = details.counterexamplePath === null ? '' : ` FC_PATH=${details.counterexamplePath}`
  return `Replay: FC_SEED=${details.seed}${path} npx vitest run${file} -t '${title}'`
}

fc.configureGlobal({
  ...(FC_RUNS === undefined ? {} : { numRuns }),
  ...(FC_SEED === undefined ? {} : { seed: Number(FC_SEED) }),
  ...(FC_PATH === undefined ? {} : { path: FC_PATH, endOnFailure: true }),
  reporter(details: fc.RunDetails<unknown>) {
    tally(details.numRuns)
    if (!details.failed) return
    const message = `${fc.defaultReportMessage(details)}\n\n${replayHint(details)}`
    throw new Error(message, { cause: details.errorInstance })
  },
})
