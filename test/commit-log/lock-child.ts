/** Another process, worker or cluster worker that wants the lock. It tells how that went, a line each time, and stays. */
import { writeSync } from 'node:fs'
import { isMainThread, parentPort } from 'node:worker_threads'
import { lockStore, socketLock } from '../../src/commit-log/store-lock.ts'
import { isTwinlogError } from '../../src/errors.ts'

const WAIT_MS = 30_000

export async function main(directory: string, kind: string): Promise<void> {
  const attempt = kind === 'socket' ? socketLock : undefined
  try {
    await lockStore(directory, 0, attempt)
  } catch (error) {
    say(isTwinlogError(error) ? error.code : String(error))
    await lockStore(directory, WAIT_MS, attempt)
  }
  say('held')
  await new Promise(() => setInterval(() => undefined, WAIT_MS))
}

function say(line: string): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is no window
  if (!isMainThread) parentPort?.postMessage(line)
  else if (process.send !== undefined) process.send(line)
  else writeSync(1, `${line}\n`)
}
