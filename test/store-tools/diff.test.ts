/** What diff compares, and what it says of each kind of difference. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { alice, append, bob, inbox, key, outbox } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { diff, type DiffReport } from '../../src/tools/diff.ts'
import { salvage } from '../../src/tools/salvage.ts'
import { damage } from '../log-store/embedded-damage.ts'
import { reopened, withDirectory } from '../log-store/embedded-store.ts'

type Tell = (store: EmbeddedLogStore) => Promise<unknown>

/** Two stores with one actor and two records each, told on. */
async function twoStores(tellA: Tell, tellB: Tell, look: (a: string, b: string) => Promise<void>): Promise<void> {
  await withDirectory(async a => {
    const b = join(a, '..', 'b')
    for (const [path, tell] of [[a, tellA] as const, [b, tellB] as const])
      await reopened(path, async store => {
        await store.addActor(alice)
        for (const text of ['the first', 'the second']) await append(store, inbox(alice), text, { receivedAt: 1 })
        await tell(store)
      })
    await look(a, b)
  })
}

const nothing: Tell = async () => {}

function compared(tellA: Tell, tellB: Tell): Promise<DiffReport['differences']> {
  return new Promise((resolve, reject) => {
    twoStores(tellA, tellB, async (a, b) => resolve((await diff(a, b)).differences)).catch(reject)
  })
}

it('two stores of the same records are the same, however their files and log numbers differ', () =>
  twoStores(
    async store => {
      await store.addActor(bob)
      await append(store, inbox(bob), 'of bob', { receivedAt: 5 })
    },
    async store => {
      await store.addActor('gone')
      await store.removeActor('gone')
      await store.addActor(bob)
      await append(store, inbox(bob), 'of bob', { receivedAt: 5 })
    },
    async (a, b) => {
      expect(await diff(a, b)).toEqual({ a, b, isEqual: true, equalLogs: 4, differences: [] })
    },
  ))

const third =
  (text: string, more: Parameters<typeof append>[3] = {}): Tell =>
  store =>
    append(store, inbox(alice), text, { receivedAt: 1, ...more })

it.each<[string, Tell, Tell]>([
  ['bytes', third('one'), third('two')],
  ['times', third('one'), third('one', { receivedAt: 2 })],
  ['meta', third('one'), third('one', { meta: Buffer.from('m') })],
  ['keys', third('one', { key: key('k') }), third('one', { key: key('l') })],
  ['a key and none', third('one', { key: new Uint8Array(16) }), third('one')],
])('tells different %s', async (_, tellA, tellB) => {
  const bounds = { first: 1, tip: 3 }
  expect(await compared(tellA, tellB)).toEqual([
    { actor: alice, box: 'inbox', status: 'differs', a: bounds, b: bounds, seq: 3, reason: 'content' },
  ])
})

it('tells what only one has: a record, a record that the other has trimmed, an actor', async () => {
  expect(await compared(third('more'), nothing)).toMatchObject([{ seq: 3, reason: 'only-in-a' }])
  expect(await compared(nothing, third('more'))).toMatchObject([{ seq: 3, reason: 'only-in-b' }])
  expect(await compared(store => store.trim(inbox(alice), 2), nothing)).toMatchObject([
    { a: { first: 2, tip: 2 }, b: { first: 1, tip: 2 }, seq: 1, reason: 'only-in-b' },
  ])
  const empty = { first: 1, tip: 0 }
  expect(await compared(store => store.addActor(bob), nothing)).toEqual([
    { actor: bob, box: 'inbox', status: 'only-in-a', a: empty, b: null, seq: null, reason: null },
    { actor: bob, box: 'outbox', status: 'only-in-a', a: empty, b: null, seq: null, reason: null },
  ])
  expect(await compared(nothing, store => store.addActor(bob))).toMatchObject([
    { status: 'only-in-b' },
    { status: 'only-in-b' },
  ])
})

it('a record that is damaged in both is not the same; one that is lost in both is', () =>
  twoStores(nothing, nothing, async (a, b) => {
    await damage(a, 'the second')
    expect((await diff(a, a)).differences).toMatchObject([{ seq: 2, reason: 'unreadable' }])
    expect((await diff(a, b)).differences).toMatchObject([{ seq: 2, reason: 'unreadable' }])
    const [saved, again] = [join(a, '..', 'saved'), join(a, '..', 'again')]
    await salvage(a, saved)
    await salvage(a, again)
    expect((await diff(saved, again)).isEqual).toBe(true)
    expect((await diff(saved, b)).differences).toMatchObject([{ seq: 2, reason: 'lost-in-a' }])
    expect((await diff(b, saved)).differences).toMatchObject([{ seq: 2, reason: 'lost-in-b' }])
  }))

it('what comes meanwhile is left out, and a reader is refused what is no store', () =>
  twoStores(nothing, nothing, async (a, b) => {
    await reopened(a, async store => {
      await append(store, outbox(alice), 'running')
      expect((await diff(a, b)).differences).toMatchObject([{ box: 'outbox', seq: 1 }])
    })
    const stop = AbortSignal.abort('enough')
    await expect(diff(a, b, { signal: stop })).rejects.toBe('enough')
    await rm(b, { recursive: true })
    await expect(diff(a, b)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND', path: b })
  }))
