/** How the story ends: what everybody has to read, and what of it all is there after a restart. */
import assert from 'node:assert/strict'
import { chapter, fact } from './terminal.mjs'

/** @typedef {import('./watched.mjs').Watched} Watched */

/** @param {readonly Watched[]} hosts */
export async function readTimelines(hosts) {
  chapter('Timelines', 'A projection folds the inboxes of a host into what its people have to read, the newest first.')
  const timelines = await timelinesOf(hosts)
  for (const [name, timeline] of timelines) fact(name, timeline)
  assert.deepEqual(Object.fromEntries(timelines), {
    wren: 'gull: Yes!',
    gull: 'wren: Good night. · Anybody there? · New key! · Tea?',
    tern: 'wren: Good night. · Anybody there? · New key!  gull: Yes!  wren: Tea?',
    ibis: 'wren: Good night. · Anybody there?',
  })
}

/** @param {readonly Watched[]} hosts */
export async function reopen(hosts) {
  chapter('Close all stores, open them again', 'An acknowledged record is on disk, and so is what was made of it.')
  const [before, timelines] = [await tipsOf(hosts), await timelinesOf(hosts)]
  const sent = hosts.map(host => host.sent.length)
  for (const host of hosts) await host.restart()
  const after = await tipsOf(hosts)
  for (const [name, tips] of after) {
    const was = before.get(name)
    const both = `inbox ${tips.inbox}, outbox ${tips.outbox}`
    fact(`${name.padEnd(8)} ${both}`, was?.inbox === tips.inbox && was.outbox === tips.outbox ? 'as before' : 'CHANGED')
  }
  assert.deepEqual(after, before)
  assert.deepEqual(Object.fromEntries(after), {
    wren: { inbox: 4, outbox: 7 },
    gull: { inbox: 5, outbox: 2 },
    tern: { inbox: 6, outbox: 1 },
    ibis: { inbox: 3, outbox: 1 },
  })
  assert.deepEqual(await timelinesOf(hosts), timelines)
  assert(hosts.every(({ timeline }) => timeline.lookedAt === 0))
  fact('the timelines, from their snapshots', 'as before')
  for (const { delivery } of hosts) {
    const { lag, depth, dead } = await delivery.stats()
    assert.deepEqual({ lag, depth, dead }, { lag: 0, depth: 0, dead: 0 })
  }
  assert.deepEqual(
    hosts.map(host => host.sent.length),
    sent,
  )
  fact('deliveries that are left, or were made again', 'none')
}

/** @param {readonly Watched[]} hosts */
async function tipsOf(hosts) {
  return new Map((await Promise.all(hosts.map(host => host.tips()))).flatMap(tips => [...tips]))
}

/** What each has to read, in one line. @param {readonly Watched[]} hosts */
async function timelinesOf(hosts) {
  const names = new Map(hosts.flatMap(({ people }) => people.map(({ id, name }) => /** @type {const} */ ([id, name]))))
  /** @type {Map<string, string>} */
  const lines = new Map()
  for (const { people, timeline } of hosts) {
    for (const { id, name } of people) {
      let last = ''
      const posts = (await timeline.of(id)).map((/** @type {import('./timeline.mjs').Post} */ { from, content }) => {
        const start = from === last ? ' · ' : `${last === '' ? '' : '  '}${names.get(from)}: `
        last = from
        return start + content
      })
      lines.set(name, posts.join(''))
    }
  }
  return lines
}
