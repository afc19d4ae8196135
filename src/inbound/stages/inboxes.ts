/** Stage 8: whose inboxes the delivery is for, as the host says, and whether one of them is there. */
import type { Store } from '../../actors/types.ts'
import type { Delivery } from '../../signatures/delivery.ts'
import { originOf } from '../../signatures/origin.ts'
import type { Activity, InboundOptions } from '../types.ts'
import { reject, type Rejected } from '../verdict.ts'

interface Routing {
  readonly store: Pick<Store, 'actors'>
  readonly origin: string
  readonly route: InboundOptions['route']
}

/** The ids of local actors, each once. */
export async function findInboxes(
  { url }: Delivery,
  activity: Activity,
  { store, origin, route }: Routing,
): Promise<{ readonly inboxes: readonly string[] } | Rejected> {
  if (originOf(url) !== origin) return reject('no_such_inbox', 'another origin')
  const named = await route(new URL(url), activity)
  if (named === undefined) return reject('no_such_inbox', 'no inbox is at this URL')
  if (!Array.isArray(named)) throw new TypeError('route must give an array of actor ids, or undefined')
  const inboxes = [...new Set(named as readonly string[])]
  if (inboxes.length === 0) return reject('no_recipient', 'nobody here is meant')
  let isGone = false
  for (const actor of inboxes) {
    const status = await store.actors.status(actor)
    // The append tells of the others.
    if (status === 'active') return { inboxes }
    isGone ||= status === 'removed'
  }
  return isGone ? reject('inbox_gone', 'the actor was removed') : reject('no_such_inbox', 'there is no such actor')
}
