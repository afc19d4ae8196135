/** `npm start`: see arguments.mjs. Whatever happens, its directory is gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArguments, usage } from './arguments.mjs'
import { postNote, serve } from './serve.mjs'
import { tellStory } from './story.mjs'
import { done, fail, say } from './terminal.mjs'

/** The story takes a few seconds. */
const STORY_MS_MAX = 60_000

const wanted = readArguments(process.argv.slice(2))
if ('fault' in wanted) {
  fail(`${wanted.fault}\n\n${usage}`)
  process.exitCode = 2
} else if (wanted.mode === 'help') {
  say(usage)
} else {
  process.exitCode = await run(wanted)
}

/** The exit code. @param {Exclude<import('./arguments.mjs').Arguments, { mode: 'help' }>} command */
async function run(command) {
  const folder = mkdtempSync(join(tmpdir(), 'twinlog-fediverse-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  // A reader that went away (`| head`) ends it, and so does Ctrl-C in the middle of the story.
  process.stdout.once('error', () => process.exit(0))
  const interrupt = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.once(name, () => (command.mode === 'serve' ? interrupt.abort() : process.exit(130)))
  }
  try {
    if (command.mode === 'serve') await serve(folder, { port: command.port, signal: interrupt.signal })
    if (command.mode === 'post') return (await postNote(folder, command.inbox)) ? 0 : 1
    if (command.mode === 'story') {
      const late = setTimeout(() => {
        fail(`AssertionError: the story has no end within ${STORY_MS_MAX / 1000} s`)
        process.exit(1)
      }, STORY_MS_MAX)
      late.unref()
      await tellStory(folder)
      clearTimeout(late)
      done('All of it was checked. Next: README.md, or `npm start -- --serve` for a host to post to by hand.')
    }
    return 0
  } catch (error) {
    fail(complaintOf(error))
    return 1
  }
}

/** @param {unknown} error */
function complaintOf(error) {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `port ${/** @type {{ port?: number }} */ (error).port} is in use; choose another with --port`
  }
  return error.stack ?? error.message
}
