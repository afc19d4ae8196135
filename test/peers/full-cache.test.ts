/** A cache that is full: what a new peer costs it. */
import { describe, expect, it } from 'vitest'
import { PeerCache } from '../../src/peers/peer-cache.ts'
import { idOf, peer } from './subjects.ts'

/** How many members of maps, sets and arrays are stepped through meanwhile. */
async function stepsOf(work: () => Promise<void>): Promise<number> {
  let steps = 0
  const patches = [new Map().keys(), new Set().keys(), [].keys()].map(iterator => {
    const prototype: object = Object.getPrototypeOf(iterator)
    const original = Object.getOwnPropertyDescriptor(prototype, 'next')!
    const next = original.value as (this: unknown) => unknown
    const counting = function (this: unknown): unknown {
      steps += 1
      return next.call(this)
    }
    return { prototype, original, counting }
  })
  patches.forEach(({ prototype, counting }) => Object.assign(prototype, { next: counting }))
  try {
    await work()
    return steps
  } finally {
    patches.forEach(({ prototype, original }) => Object.defineProperty(prototype, 'next', original))
  }
}

function fullCache(peersMax: number): PeerCache {
  return PeerCache.inMemory({ peersMax, initial: Array.from({ length: peersMax }, (_, at) => peer(`old-${at}`)) })
}

describe('a full cache', () => {
  /** Each new peer copied all maps: 6 ms of the main thread at the default size, for whoever named made-up actors. */
  it('takes a new peer in as many steps as a small one', async () => {
    const newcomers = Array.from({ length: 10 }, (_, at) => `new-${at}`)
    const stepsIn = (cache: PeerCache): Promise<number> =>
      stepsOf(async () => {
        for (const name of newcomers) {
          await cache.store(peer(name))
          cache.lookup(idOf(name))
        }
      })
    const [small, large] = [fullCache(20), fullCache(2000)]
    const steps = await stepsIn(small)
    expect(steps).toBeGreaterThan(newcomers.length)
    expect(await stepsIn(large)).toBe(steps)
    expect(large.list()).toHaveLength(2000)
  })
})
