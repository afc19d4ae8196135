/** Long work gives way to the event loop, and stops when it is asked to. */
import { expect, it } from 'vitest'
import { Throttle } from '../../src/log-store/embedded/throttle.ts'

/** Whether the event loop turned while so much was spent. */
async function turnsWhile(throttle: Throttle, bytes: number): Promise<boolean> {
  let isTurned = false
  setImmediate(() => (isTurned = true))
  await throttle.spend(bytes)
  return isTurned
}

it('gives way after many bytes, however short they took', async () => {
  const throttle = new Throttle(Infinity, new AbortController().signal)
  expect(await turnsWhile(throttle, 2 ** 20)).toBe(true)
})

it('gives way after a while, however few bytes that were', async () => {
  // Records of a hundred bytes: a stretch of 256 KiB of them kept appends waiting for tens of milliseconds.
  const throttle = new Throttle(Infinity, new AbortController().signal)
  const started = performance.now()
  while (performance.now() - started < 5) continue
  expect(await turnsWhile(throttle, 1)).toBe(true)
})

it('stops with the reason of its signal, while it waits as well', async () => {
  const stopping = new AbortController()
  const throttle = new Throttle(1, stopping.signal)
  const waiting = throttle.spend(2 ** 20)
  const reason = new Error('enough')
  stopping.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  await expect(throttle.spend(0)).rejects.toBe(reason)
})
