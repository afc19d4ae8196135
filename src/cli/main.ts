#!/usr/bin/env node
/** The `twinlog` command: gives `run` this process. Ctrl-C once ends a command in good order, twice at once. */
import { backup, diff, dumpSegment, open, rebuildIndex, restore, salvage, verify } from '../index.ts'
import { run } from './run.ts'

const { stdin, stdout, stderr, env } = process
const interrupt = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort())

// Not process.exit: what was written to a pipe is still on its way.
process.exitCode = await run(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  env,
  signal: interrupt.signal,
  open,
  dumpSegment,
  tools: { rebuildIndex, verify, backup, restore, salvage, diff },
})
