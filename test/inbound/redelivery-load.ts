/** What the killed process receives, known to it and to the process that looks afterwards. From the source alone. */
import { createInbound, type Inbound } from '../../src/inbound/inbound.ts'
import { open } from '../../src/open.ts'
import { signedDelivery, testPeer } from '../../src/test-peers.ts'
import type { Delivery } from '../../src/signatures/delivery.ts'
import type { HostStore } from '../../src/host-store.ts'

const us = 'https://us.example'
const now = Date.UTC(2026, 2, 4, 5, 6, 7)
export const actors = [`${us}/users/alice`, `${us}/users/bob`]
const sender = testPeer('https://remote.example/users/carol', { fetchedAt: now })

/** The same bytes for the same number. */
export const idOf = (number: number): string => `${sender.id}/notes/${number}`
export const bodyOf = (number: number): string =>
  JSON.stringify({ id: idOf(number), type: 'Create', actor: sender.id, content: 'x'.repeat((number * 997) % 5000) })

/** Each to both inboxes. */
export function deliveryOf(number: number): Delivery {
  return signedDelivery({ from: sender, to: `${us}/inbox`, activity: bodyOf(number), now })
}

/** The host that gets them. */
export async function openHost(directory: string): Promise<{ readonly store: HostStore; readonly inbound: Inbound }> {
  const clock = (): number => now
  const store = await open(directory, { clock, peers: { initial: [sender.peer] } })
  for (const actor of actors) await store.actors.add(actor)
  const fetchPeer = (): never => {
    throw new Error('nobody has to be fetched')
  }
  return { store, inbound: createInbound({ store, origin: us, clock, fetchPeer, route: () => actors }) }
}

/** What the killed process says the moment a verdict is there. */
export interface Acknowledged {
  readonly number: number
  readonly code: string
  readonly seqs: readonly number[]
}
