/**
 * Long work in little pieces. On a main thread whose turns were long the index fell behind until appends had to wait for it,
 * more than a second each time: it took a quarter of a millisecond of every other turn, whatever was waiting.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { alice, append, inbox } from '../../src/log-store/conformance/suite.ts'
import { Sequencer } from '../../src/log-store/embedded/sequencer.ts'
import { type Surroundings, WorkTurns } from '../../src/log-store/embedded/work-turns.ts'
import { tight, withStore } from './embedded-store.ts'

const STEP_MS = 0.001

/** How many steps are done before others have their turn, and how many turns they have then. */
async function paced(around: Surroundings): Promise<{ readonly steps: number; readonly turns: number }> {
  let now = 0
  const work = new WorkTurns(around, () => now)
  let steps = 1
  for (; !work.isOver(); steps += 1) now += STEP_MS
  const rest = { turns: 0, isOver: false }
  void work.next().then(() => (rest.isOver = true))
  for (; !rest.isOver; rest.turns += 1) await nextTurn()
  return { steps, turns: rest.turns }
}

it('lets the turn pass in which a frame begins', async () => {
  const without = await paced({ isFrameDue: () => false, isBehind: () => false })
  const due = await paced({ isFrameDue: () => true, isBehind: () => false })
  expect(due).toEqual({ steps: without.steps, turns: without.turns + 1 })
})

it('takes more where it falls behind, and stands back for no frame', async () => {
  const usual = await paced({ isFrameDue: () => true, isBehind: () => false })
  const behind = await paced({ isFrameDue: () => true, isBehind: () => true })
  expect(behind.steps).toBeGreaterThanOrEqual(4 * usual.steps)
  expect(behind.turns).toBeLessThan(usual.turns)
})

it('the index is behind when half of what may wait does, and not when little does', async () => {
  const said: boolean[] = []
  vi.spyOn(WorkTurns.prototype, 'isOver').mockImplementation(function (this: WorkTurns) {
    said.push(this.isBehind)
    return false
  })
  onTestFinished(() => void vi.restoreAllMocks())
  await withStore(tight, async store => {
    await store.addActor(alice)
    await store.flushIndex()
    expect(said.splice(0)).not.toContain(true)
    store.indexer.pause()
    await Promise.all(Array.from({ length: tight.unindexedMax / 2 }, () => append(store, inbox(alice), 'a')))
    store.indexer.resume()
    await store.flushIndex()
    expect(said).toContain(true)
  })
})

it('the index asks the sequencer whether a frame begins', async () => {
  vi.spyOn(WorkTurns.prototype, 'isOver').mockReturnValue(true)
  const isFrameDue = vi.spyOn(Sequencer.prototype, 'isFrameDue', 'get')
  onTestFinished(() => void vi.restoreAllMocks())
  await withStore(tight, async store => {
    await store.addActor(alice)
    await store.flushIndex()
    expect(isFrameDue).toHaveBeenCalled()
  })
})
