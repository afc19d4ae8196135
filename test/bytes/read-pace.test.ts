/** Reads block while they are quick; after a slow one they don't for a while, longer each time that it comes again. */
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { ReadPace } from '../../src/bytes/read-pace.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
})

/** A read that takes so long. */
function read(pace: ReadPace, ms: number): void {
  expect(pace.run(() => (vi.advanceTimersByTime(ms), 'done'))).toBe('done')
}

/** How long reads are to go through the thread pool from now on, to a millisecond. */
function coldFor(pace: ReadPace): number {
  let ms = 0
  for (; !pace.isHot; ms += 1) vi.advanceTimersByTime(1)
  return ms
}

it('is hot at first, and stays so while reads take up to 4 ms', () => {
  const pace = new ReadPace()
  expect(pace.isHot).toBe(true)
  for (let i = 0; i < 100; i += 1) read(pace, 4)
  expect(pace.isHot).toBe(true)
})

it('is cold for 8 ms after a slow read, for twice as long each time, never for more than 256 ms', () => {
  const pace = new ReadPace()
  const waits: number[] = []
  for (let i = 0; i < 8; i += 1) {
    read(pace, 5)
    waits.push(coldFor(pace))
    read(pace, 1)
  }
  expect(waits).toEqual([8, 16, 32, 64, 128, 256, 256, 256])
})

it('begins with 8 ms again after a second without a slow read', () => {
  const pace = new ReadPace()
  for (let i = 0; i < 4; i += 1) {
    read(pace, 5)
    coldFor(pace)
  }
  vi.advanceTimersByTime(1001)
  read(pace, 5)
  expect(coldFor(pace)).toBe(8)
})
