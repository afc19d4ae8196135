/** The same delivery again: at the same time, and after the process was killed around its append. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { alice, bob, carol, follow, sent, sharedInbox, textsIn, world } from './fixtures.ts'
import { actors, bodyOf, deliveryOf, idOf, openHost, type Acknowledged } from './redelivery-load.ts'
import { temporaryDirectory, temporaryStore } from './temporary-store.ts'

const launcher = fileURLToPath(new URL('../engine/run-source.mjs', import.meta.url))

it('6. fifty concurrent identical deliveries: one record', async () => {
  const { inbound, store, fetches } = await world({ open: temporaryStore() })
  const delivery = sent({ activity: follow(carol), to: sharedInbox })
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => inbound.receive(delivery)))
  expect(verdicts.map(({ status, accepted }) => [status, accepted])).toEqual(verdicts.map(() => [202, true]))
  expect(verdicts.filter(({ code }) => code === 'accepted')).toHaveLength(1)
  expect(verdicts.filter(({ code }) => code === 'duplicate')).toHaveLength(49)
  for (const actor of [alice, bob]) expect(await textsIn(store, actor)).toEqual([Buffer.from(delivery.body).toString()])
  expect(fetches).toEqual([carol.id])
})

it('fifty concurrent deliveries of one id, with two bodies: one of them', async () => {
  const { inbound, store } = await world({ open: temporaryStore() })
  const activity = follow(carol)
  const deliveries = [sent({ activity }), sent({ activity: { ...activity, content: 'other' } })]
  const verdicts = await Promise.all(Array.from({ length: 50 }, (_, at) => inbound.receive(deliveries[at % 2]!)))
  expect(verdicts.filter(({ code }) => code === 'accepted')).toHaveLength(1)
  expect(verdicts.filter(({ code }) => code === 'duplicate')).toHaveLength(24)
  expect(verdicts.filter(({ code }) => code === 'id_conflict')).toHaveLength(25)
  expect(await store.inbox(alice).tip()).toBe(1)
})

/** What the process said until it was killed, after at least `count` verdicts. */
async function receiveUntilKilled(directory: string, first: number, count: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [launcher, '/test/inbound/redelivery-child.ts', directory, String(first)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const complaints: string[] = []
  child.stderr.on('data', data => complaints.push(String(data)))
  const ended = new Promise(resolve => {
    child.once('close', (_, signal) => resolve(signal))
  })
  const acknowledged: Acknowledged[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.endsWith('}')) acknowledged.push(JSON.parse(line) as Acknowledged)
    if (acknowledged.length >= count) child.kill('SIGKILL')
  }
  assert.equal(await ended, 'SIGKILL', `the receiver ended by itself:\n${complaints.join('')}`)
  return acknowledged
}

it('7. kill -9 around the append, and then everything again: exactly one record each', async () => {
  const directory = temporaryDirectory()
  const acknowledged: Acknowledged[] = []
  let next = 0
  for (const count of [1, 40]) {
    const said = await receiveUntilKilled(directory, next, count)
    acknowledged.push(...said)
    // Up to six more are between the signature and the append, in a frame that may be written, or not yet begun.
    next = Math.max(...said.map(({ number }) => number)) + 7
  }
  const { store, inbound } = await openHost(directory)
  const before = new Map<number, number>()
  for await (const { seq, value } of store.inbox(actors[0]!).read()) {
    before.set(Number((value as { id: string }).id.split('/').at(-1)), seq)
  }
  for (const { number, code, seqs } of acknowledged) {
    assert.equal(code, 'accepted')
    assert.deepEqual(seqs, [before.get(number), before.get(number)], `${number} was acknowledged`)
  }
  for (let number = 0; number <= next + 6; number++) {
    const verdict = await inbound.receive(deliveryOf(number))
    assert.equal(verdict.code, before.has(number) ? 'duplicate' : 'accepted', `${number}`)
  }
  for (const actor of actors) {
    const texts = await textsIn(store, actor)
    assert.equal(texts.length, next + 7)
    assert.deepEqual(texts.toSorted(), Array.from({ length: next + 7 }, (_, number) => bodyOf(number)).toSorted())
    for (let number = 0; number < next; number++)
      assert.notEqual(await store.inbox(actor).find(idOf(number)), undefined)
  }
  await store.close()
})
