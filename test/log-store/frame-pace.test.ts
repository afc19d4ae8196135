/** A part of what a turn asks for goes ahead where gathering takes longer than the disk, and nothing else changes. */
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { alice, append, bob, inbox, readAll, textOf } from '../../src/log-store/conformance/suite.ts'
import { FramePace } from '../../src/log-store/embedded/frame-pace.ts'
import { runs } from '../engine/runs.ts'
import { reopened, usual, withDirectory, withStore } from './embedded-store.ts'

/** More than are gathered between two looks at the clock. */
const MANY = 100

/** A pace whose clock stands still but for what it is told. */
function paced(): { readonly write: (ms: number) => void; readonly gather: (msEach: number) => boolean } {
  let now = 0
  const pace = new FramePace(() => now)
  return {
    write: ms => {
      pace.writes()
      now += ms
      pace.written()
    },
    gather: msEach => {
      pace.gathers()
      return Array.from({ length: MANY }, () => {
        now += msEach
        return pace.isDue()
      }).includes(true)
    },
  }
}

describe('what is gathered', () => {
  it('waits for the end of the turn where nobody knows yet how long a write takes', () => {
    expect(paced().gather(1000)).toBe(false)
  })

  it('waits while the disk takes longer: it would have more to do for the same', () => {
    const { write, gather } = paced()
    write(10 * MANY)
    expect(gather(1)).toBe(false)
  })

  it('goes ahead in part where gathering all of it takes longer than a write', () => {
    const { write, gather } = paced()
    write(MANY / 2)
    expect(gather(1)).toBe(true)
  })

  it('goes ahead all the same after a single write that took long', () => {
    const { write, gather } = paced()
    write(1)
    write(MANY)
    expect(gather(1)).toBe(true)
  })

  it('waits again once the disk has become slow', () => {
    const { write, gather } = paced()
    write(1)
    for (let i = 0; i < MANY; i += 1) write(10 * MANY)
    expect(gather(1)).toBe(false)
  })
})

it('hears when gathering begins, and when a write does and is done', async () => {
  const heard: string[] = []
  for (const name of ['gathers', 'writes', 'written'] as const)
    vi.spyOn(FramePace.prototype, name).mockImplementation(() => void heard.push(name))
  onTestFinished(() => void vi.restoreAllMocks())
  await withStore(usual, async store => {
    await store.addActor(alice)
    expect(heard.splice(0)).toEqual(['gathers', 'writes', 'written'])
    await Promise.all(['a', 'b'].map(text => append(store, inbox(alice), text)))
    expect(heard.splice(0)).toEqual(['gathers', 'writes', 'written'])
  })
})

it('what goes ahead is a frame of its own', async () => {
  vi.spyOn(FramePace.prototype, 'isDue').mockReturnValue(true)
  onTestFinished(() => void vi.restoreAllMocks())
  await withStore(usual, async store => {
    await store.addActor(alice)
    const before = store.stats().frames
    await Promise.all(['a', 'b', 'c', 'd'].map(text => append(store, inbox(alice), text)))
    // The second request finds the first one waiting, and both go; the others follow together.
    expect(store.stats().frames - before).toBe(2)
  })
})

it('whichever requests frames end with, each is answered in its turn, and is there after reopening', async () => {
  const logs = [inbox(alice), inbox(bob)]
  const story = fc.array(fc.record({ log: fc.nat({ max: 1 }), isLast: fc.boolean() }), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(story, steps =>
      withDirectory(async path => {
        const isDue = vi.spyOn(FramePace.prototype, 'isDue')
        onTestFinished(() => isDue.mockRestore())
        const expected: string[][] = [[], []]
        await reopened(
          path,
          async store => {
            await Promise.all([store.addActor(alice), store.addActor(bob)])
            const answered: number[] = []
            const appends = steps.map(async ({ log, isLast }, i) => {
              isDue.mockReturnValue(isLast)
              const seq = expected[log]!.push(`${i}`)
              const appended = append(store, logs[log]!, `${i}`)
              expect(await appended).toEqual({ status: 'appended', seq })
              answered.push(i)
            })
            await Promise.all(appends)
            expect(answered).toEqual(steps.map((_, i) => i))
          },
          usual,
        )
        await reopened(path, async store => {
          for (const [i, log] of logs.entries())
            expect((await readAll(store, log)).map(({ payload }) => textOf(payload))).toEqual(expected[i])
        })
      }),
    ),
    runs(30),
  )
})
