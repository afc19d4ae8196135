/**
 * A bot follows an inbox and nothing else. Node saw nothing to wait for and ended the process in the middle of the
 * `for await`, with exit code 13, so that neither `catch` nor `close` ran. And the eleventh follower of one signal made
 * Node warn of a leak.
 */
import { getEventListeners } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { openMemory } from '../../src/testing.ts'

const alice = 'https://example.com/users/alice'
afterEach(() => void vi.restoreAllMocks())

it('a follower that waits keeps the process alive, and lets it go when it ends', async () => {
  const store = await openMemory({ actors: [alice] })
  const held = new Set<unknown>()
  const { setInterval: set, clearInterval: clear } = globalThis
  vi.spyOn(globalThis, 'setInterval').mockImplementation((...args: Parameters<typeof set>) => {
    const timer = set(...args)
    held.add(timer)
    return timer
  })
  vi.spyOn(globalThis, 'clearInterval').mockImplementation(timer => {
    held.delete(timer)
    clear(timer)
  })
  const leave = new AbortController()
  const following = store.inbox(alice).follow({ signal: leave.signal })
  const next = following.next()
  await vi.waitFor(() => expect(held.size).toBe(1))
  leave.abort()
  await expect(next).rejects.toBe(leave.signal.reason)
  expect(held.size).toBe(0)
  await store.close()
})

it('one signal may end any number of followers', async () => {
  const store = await openMemory({ actors: [alice] })
  const leave = new AbortController()
  const warnings: Error[] = []
  const note = (warning: Error): number => warnings.push(warning)
  process.on('warning', note)
  const followers = Array.from({ length: 20 }, () => store.inbox(alice).follow({ signal: leave.signal }).next())
  await vi.waitFor(() => expect(getEventListeners(leave.signal, 'abort')).toHaveLength(20))
  await nextTurn()
  process.off('warning', note)
  expect(warnings).toEqual([])
  leave.abort()
  for (const each of followers) await expect(each).rejects.toBe(leave.signal.reason)
  await store.close()
})
