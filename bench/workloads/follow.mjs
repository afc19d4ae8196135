import { join } from 'node:path'
import { Ledger } from '../ledger.mjs'
import { payloadAt, payloadsOf } from '../payloads.mjs'
import { grouped } from '../table.mjs'
import { timed } from '../timing.mjs'
import { closeVerified } from './append-fixture.mjs'

const MODES = /** @type {const} */ (['disk', 'os'])

/**
 * A store in each mode.
 * @typedef {Map<import('../stores/all.mjs').Durability, import('./append-fixture.mjs').Fixture>} Fixture
 */

/** @type {import('./workload.ts').Workload<Fixture>} */
export const follow = {
  name: 'follow',
  title: 'Following a log',
  about:
    'From the call of `append` until the last of so many followers of that log has seen the record, verified: the median. ' +
    'Appends one at a time.',
  unfair: [
    'twinlog follows records that are synced, so its time has a sync in it; hypercore’s are not synced. twinlog is measured in both modes, and compares with hypercore in the second.',
  ],
  needs: ['follow'],
  open: async ({ store, directory }) => {
    const fixture = new Map()
    for (const durability of store.lacks.disk === undefined ? MODES : MODES.slice(1)) {
      const opened = await store.open(join(directory, durability), { durability })
      await opened.prepareLogs(1)
      fixture.set(durability, { store: opened, ledger: new Ledger() })
    }
    return fixture
  },
  close: async fixture => {
    let readBack = 0
    for (const each of fixture.values()) readBack += await closeVerified(each)
    return readBack
  },
  steps: ({ followers }) =>
    MODES.flatMap(durability =>
      followers.map(count => {
        const id = `${durability}-${count}`
        const title = `${grouped(count)} ${count === 1 ? 'follower' : 'followers'}, ${durability === 'disk' ? 'durable' : 'buffered'}`
        return {
          cases: [{ id, title, unit: 'ms', better: 'less', needs: durability === 'disk' ? ['disk'] : [] }],
          run: async (fixture, { ms }) => {
            const opened = fixture.get(durability)
            if (opened === undefined) throw new Error(`it is not open for ${durability}`)
            return { [id]: await seenBy(opened, count, ms) }
          },
        }
      }),
    ),
}

/**
 * @param {import('./append-fixture.mjs').Fixture} fixture
 * @param {number} followers
 * @param {number} ms
 */
async function seenBy({ store, ledger }, followers, ms) {
  const pool = payloadsOf('note')
  const start = await store.tip(0)
  let expected = start + 1
  let missing = followers
  let resolveSeen = () => {}
  const ends = Array.from({ length: followers }, () => {
    let last = start
    return store.follow(0, start, seq => {
      if (seq !== ++last || seq !== expected) throw new Error(`a follower saw ${seq} after ${last - 1}`)
      missing -= 1
      if (missing === 0) resolveSeen()
    })
  })
  const { facts } = await timed({ ms, width: 1 }, async i => {
    missing = followers
    const seen = new Promise(resolve => {
      resolveSeen = () => resolve(undefined)
    })
    const payload = payloadAt(pool, i)
    ledger.note(0, await store.append(0, payload), payload)
    await seen
    expected += 1
  })
  for (const end of ends) await end()
  return { value: facts['p50Ms'] ?? 0, facts }
}
