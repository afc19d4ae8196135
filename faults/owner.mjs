/**
 * Somebody else who opens a store, as a process or as a worker: says how it went, and holds on until told to let go.
 *
 *   node owner.mjs <dist> <store> [exit]      with `exit` it ends without closing, in the middle of appends
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { bodyOf, codeOf, keyOf, OPEN_OPTIONS, WRITER } from './oracle.mjs'

const [dist = '', path = '', how = ''] = isMainThread ? process.argv.slice(2) : /** @type {string[]} */ (workerData)
/** @type {import('./oracle.mjs').Engine} */
const engine = await import(pathToFileURL(join(dist, 'index.js')).href)
const channel = isMainThread ? process : parentPort

/** @param {unknown} message */
function say(message) {
  if (isMainThread) process.send?.(message)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
  else parentPort?.postMessage(message)
}

try {
  const store = await engine.open(path, OPEN_OPTIONS)
  say('opened')
  channel?.on('message', () => void store.close().then(() => say('closed')))
  if (how === 'append' || how === 'exit') {
    await store.actors.add(WRITER)
    for (let n = 1; ; n += 1) {
      if (n % 5 === 0) continue
      const { seq } = await store.inbox(WRITER).append(bodyOf(n), { key: keyOf(n) })
      say({ t: 'append', log: 'inbox', n, seq })
      if (how === 'exit' && n > 30) {
        void store.inbox(WRITER).append({ n: 0 })
        process.exit(0)
      }
    }
  }
} catch (error) {
  say(codeOf(error))
}
