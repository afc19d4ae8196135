/** What stands behind `npm start --`. */
import { parseArgs } from 'node:util'

export const usage = `Usage: npm start -- [--serve [--port <number>] | --post <inbox>]

  (nothing)         a small fediverse tells its story, and ends
  --serve           keep one host running, and print the verdict on each delivery
  --port <number>   where it listens; 4747 by default, 0: any that is free
  --post <inbox>    send a signed note to the inbox at this URL, and print the answer
  --help            print this`

const PORT_DEFAULT = 4747

/** @typedef {{ mode: 'story' } | { mode: 'help' } | { mode: 'serve', port: number } | { mode: 'post', inbox: string }} Arguments */

/** The fault, when it can't be read. @param {string[]} argv @returns {Arguments | { fault: string }} */
export function readArguments(argv) {
  let values
  try {
    const options = /** @type {const} */ ({
      serve: { type: 'boolean' },
      port: { type: 'string' },
      post: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    })
    values = parseArgs({ args: argv, options }).values
  } catch (error) {
    return { fault: /** @type {Error} */ (error).message }
  }
  const { serve = false, port, post, help = false } = values
  if (help) return { mode: 'help' }
  if (port !== undefined && !serve) return { fault: '--port goes with --serve' }
  if (post !== undefined) {
    if (serve) return { fault: '--serve and --post are two commands' }
    const isLocal = URL.canParse(post) && /^http:\/\/127\.0\.0\.1:\d+$/.test(new URL(post).origin)
    return isLocal ? { mode: 'post', inbox: post } : { fault: '--post takes the URL of an inbox on http://127.0.0.1' }
  }
  if (!serve) return { mode: 'story' }
  const number = port === undefined ? PORT_DEFAULT : /^\d{1,5}$/.test(port) ? Number(port) : -1
  return number >= 0 && number <= 65_535 ? { mode: 'serve', port: number } : { fault: `--port ${port} is no port` }
}
