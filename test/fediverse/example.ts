/** `npm start`'s script in a process of its own. Its temporary files go into a folder that can be looked at. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const exampleFolder = join(root, 'examples/fediverse')
export const isBuilt = existsSync(join(root, 'dist/index.js'))

interface Started {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ended>
}

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** What it left behind in the folder for temporary files. */
  readonly left: readonly string[]
}

export function start(argv: readonly string[], folder = exampleFolder): Started {
  const TMPDIR = mkdtempSync(join(tmpdir(), 'twinlog-example-'))
  // CI: there, some take a pipe for a terminal that wants colours.
  const env = { ...process.env, CI: 'true', TMPDIR }
  const child = spawn(process.execPath, [join(folder, 'main.mjs'), ...argv], { env })
  return { child, ended: endOf(child, TMPDIR) }
}

async function endOf(child: ChildProcessWithoutNullStreams, folder: string): Promise<Ended> {
  // A test may have stopped reading before its end.
  const out = text(child.stdout).catch(() => '')
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  const left = readdirSync(folder)
  rmSync(folder, { recursive: true, force: true })
  return { code: code as number | null, out: await out, err, left }
}
