/**
 * kill -9: a writer is killed, half of the times at a moment that chance decides, half of the times just before or behind
 * one of its calls on files. Everything it said was acknowledged must be there; the next one goes on with the same store.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { randomFrom } from '../../bench/workload.mjs'
import { runWriter } from '../child.mjs'
import { lossesAt } from '../oracle.mjs'

/** So many processes are killed over one store before a new one is made. */
const KILLS_OF_A_STORE = 5
const WAVES = 400
const SAID_MAX = 30
const CALLS_MAX = 400

/** @type {import('../suite.mjs').Suite} */
export const kill9 = {
  name: 'kill -9',
  tried: 'kills',
  count: { short: 50, long: 5_000, planted: 20 },
  async run(context) {
    const random = randomFrom(context.seed)
    for (let round = 0; !context.isDone(); round += 1) {
      const store = join(context.folder, `store ${round}`)
      /** @type {import('../oracle.mjs').Event[]} */
      const events = []
      for (let kill = 0; kill < KILLS_OF_A_STORE && !context.isDone(); kill += 1) {
        const fault = kill % 2 === 0 ? atCall(random) : atMoment(random)
        const first = 1 + kill * WAVES * 10
        const run = await runWriter(context.dist, store, { first, waves: WAVES, ...fault })
        events.push(...run.events)
        context.tried()
        const at = `seed ${context.seed}, store ${round}, kill ${kill}`
        if (run.signal !== 'SIGKILL') context.lose(`${at}: ended by itself: ${run.status} ${run.signal} ${run.errors}`)
        const losses = await lossesAt(context.engine, store, events)
        for (const loss of losses) context.lose(`${at}: ${loss}`)
        if (losses.length > 0) break
      }
      rmSync(store, { recursive: true, force: true })
    }
  },
}

/** @param {(bound: number) => number} random */
function atCall(random) {
  // As many among the first calls, which make the store and its first segments, as among the others.
  const call = 1 + random(random(2) === 0 ? 60 : CALLS_MAX)
  return { shim: { FAULT_KILL: String(call), ...(random(2) === 0 ? { FAULT_AFTER: '1' } : {}) } }
}

/** @param {(bound: number) => number} random */
function atMoment(random) {
  let left = 1 + random(SAID_MAX)
  return {
    onSaid(/** @type {import('node:child_process').ChildProcess} */ child) {
      left -= 1
      if (left === 0) child.kill('SIGKILL')
    },
  }
}
