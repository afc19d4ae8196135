/** A small world for the pipeline: a store with local actors, remote actors, and what their servers publish. */
import { createInbound, type Inbound, type InboundOptions, type PeerOptions, type PeerState } from 'twinlog'
import {
  openMemory,
  signedDelivery,
  testKeys,
  testPeer,
  type SignedDeliveryOptions,
  type TestPeer,
} from 'twinlog/testing'
import type { HostStore } from '../../src/host-store.ts'
import type { Verdict } from '../../src/inbound/types.ts'
import type { Delivery } from '../../src/signatures/delivery.ts'

export const now = Date.UTC(2026, 2, 4, 5, 6, 7)
export const minute = 60_000

export const us = 'https://us.example'
export const alice = `${us}/users/alice`
export const bob = `${us}/users/bob`
/** Was here once. */
export const removed = `${us}/users/removed`
export const sharedInbox = `${us}/inbox`
export const inboxOf = (actor: string): string => `${actor}/inbox`

export const carol = testPeer('https://remote.example/users/carol', { fetchedAt: now })
/** Of carol's server, with a key of the other kind. */
export const dora = testPeer('https://remote.example/users/dora', { privateKey: testKeys.ed25519, fetchedAt: now })
export const mallory = testPeer('https://evil.example/users/mallory', {
  privateKey: testKeys.otherRsa,
  fetchedAt: now,
})

/** What a peer's server answers: a state, or what the fetch function throws or does. */
export type Published = unknown

export interface World {
  readonly store: HostStore
  readonly inbound: Inbound
  /** What the fetch function finds; a function is called, an error is thrown. */
  readonly published: Map<string, Published>
  /** Whom it was asked for, in order. */
  readonly fetches: string[]
  readonly time: { now: number }
}

export interface WorldOptions extends Omit<Partial<InboundOptions>, 'store'> {
  readonly peers?: PeerOptions
  /** In place of one in memory; alice and bob are added to it. */
  readonly open?: (clock: () => number) => Promise<HostStore>
  /** What the pipeline sees of the store. */
  readonly seenAs?: (store: HostStore) => InboundOptions['store']
}

/** Alice, bob and the removed one live here; carol, dora and mallory can be fetched, and nobody is in the cache. */
export async function world({ peers, open, seenAs, ...options }: WorldOptions = {}): Promise<World> {
  const time = { now }
  const clock = (): number => time.now
  const store = await (open?.(clock) ?? openMemory({ clock, ...(peers === undefined ? {} : { peers }) }))
  for (const actor of [alice, bob, removed]) await store.actors.add(actor)
  await store.actors.remove(removed)
  const published = new Map<string, Published>([carol, dora, mallory].map(({ id, peer }) => [id, peer]))
  const fetches: string[] = []
  const inbound = createInbound({
    store: seenAs?.(store) ?? store,
    origin: us,
    clock,
    fetchPeer: (id, { signal }) => {
      fetches.push(id)
      const found = published.get(id) ?? new Error('404')
      if (found instanceof Error) throw found
      return (typeof found === 'function' ? found(signal) : found) as PeerState
    },
    route: ({ href }) => {
      if (href === sharedInbox) return [alice, bob]
      return [alice, bob, removed].some(actor => href === inboxOf(actor))
        ? [href.slice(0, -'/inbox'.length)]
        : undefined
    },
    ...options,
  })
  return { store, inbound, published, fetches, time }
}

/** The store as the pipeline sees it, with appends that reject. */
export function appendingBy(store: HostStore, error: Error): InboundOptions['store'] {
  const { actors, peers } = store
  return { actors, peers, inbox: actor => store.inbox(actor), append: () => Promise.reject(error) }
}

let activities = 0

/** A follow of alice; each has another id. */
export function follow(from: TestPeer, members: object = {}): Record<string, unknown> {
  const id = `${from.id}/follows/${++activities}`
  return {
    '@context': 'https://www.w3.org/ns/activitystreams',
    id,
    type: 'Follow',
    actor: from.id,
    object: alice,
    ...members,
  }
}

export type Headers = [name: string, value: string][]
export type Sent = Omit<Delivery, 'rawHeaders'> & { readonly rawHeaders: Headers }

/** A good delivery from carol to alice, as far as the options say nothing else. */
export function sent(options: Partial<SignedDeliveryOptions> = {}): Sent {
  const from = options.from ?? carol
  const delivery = signedDelivery({ to: inboxOf(alice), now, activity: follow(from), ...options, from })
  return { ...delivery, rawHeaders: delivery.rawHeaders as Headers }
}

/** With these header lines in place of those of the same name. */
export function withHeaders(delivery: Sent, headers: Readonly<Record<string, string | undefined>>): Sent {
  const kept = delivery.rawHeaders.filter(([name]) => !Object.hasOwn(headers, name))
  const added = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return { ...delivery, rawHeaders: [...kept, ...(added as Headers)] }
}

export function header(delivery: Sent, name: string): string {
  const line = delivery.rawHeaders.find(each => each[0] === name)
  if (line === undefined) throw new Error(`there is no ${name}`)
  return line[1]
}

/** The parts of a verdict that a sender sees, and who refused. */
export function rulingOf(verdict: Verdict): object {
  const { code, status } = verdict
  return verdict.accepted ? { code, status } : { code, stage: verdict.stage, status, retry: verdict.retry }
}

/** What a remote actor publishes once its key is another one. */
export function rotated(
  { id, keyId }: TestPeer,
  options: { privateKey?: TestPeer['privateKey']; keyId?: string } = {},
) {
  return testPeer(id, { privateKey: testKeys.otherRsa, keyId, fetchedAt: now, ...options })
}

/** An error as a fetch function throws it for an HTTP answer. */
export function answered(status: number): Error {
  return Object.assign(new Error(`${status}`), { status })
}

/** Everything that a delivery could change: all logs with their records, and all peers. */
export async function traceOf(store: HostStore): Promise<object> {
  const logs: object[] = []
  for await (const actor of store.actors.list()) {
    for (const log of [store.inbox(actor), store.outbox(actor)]) {
      const records: object[] = []
      for await (const { seq, receivedAt, bytes, meta } of log.read()) {
        records.push({ seq, receivedAt, text: Buffer.from(bytes).toString('latin1'), meta })
      }
      logs.push({ actor, box: log.box, bounds: await log.bounds(), records })
    }
  }
  return { logs, peers: store.peers.list() }
}

/** The bytes in an inbox, as text. */
export async function textsIn(store: HostStore, actor: string): Promise<string[]> {
  const texts: string[] = []
  for await (const { bytes } of store.inbox(actor).read()) texts.push(Buffer.from(bytes).toString())
  return texts
}

/** What a world of its own says to a delivery. */
export async function codeOf(delivery: Sent, options: WorldOptions = {}): Promise<string> {
  return (await (await world(options)).inbound.receive(delivery)).code
}

/** With a part of a header replaced. */
export function replaced(delivery: Sent, name: string, from: string | RegExp, to: string): Sent {
  return withHeaders(delivery, { [name]: header(delivery, name).replace(from, to) })
}
