/**
 * Stage 15: who changes, deletes or takes back something owns it. Embedded objects of other activities are references
 * that nobody vouches for, and no reason to refuse.
 */
import { originOf } from '../../signatures/origin.ts'
import type { Envelope } from '../types.ts'
import { reject, type Rejected } from '../verdict.ts'
import { idOf } from './envelope.ts'
import { isMembers } from './json.ts'

const CHANGING = ['Update', 'Delete', 'Undo']
const ACTOR_TYPES = ['Application', 'Group', 'Organization', 'Person', 'Service']
const OWNER_MEMBERS = ['actor', 'attributedTo']

/** How JSON-LD may write a type of ActivityStreams: a host that expands documents would take it for the bare name. */
const PREFIX = /^(?:as:|https?:\/\/www\.w3\.org\/ns\/activitystreams#)/

export function checkObjectOwner({ types: written, actor, activity }: Envelope): Rejected | undefined {
  const types = written.map(type => type.replace(PREFIX, ''))
  if (!CHANGING.some(type => types.includes(type))) return undefined
  const named = activity['object']
  const objects: readonly unknown[] = Array.isArray(named) ? named : [named]
  if (objects.length === 0) return reject('not_owner', '/object')
  for (const object of objects) {
    // A list in a list hides who owns what is in it.
    const id = Array.isArray(object) ? undefined : (idOf(object) ?? undefined)
    // Undo may embed an activity that never had an id.
    if (id === undefined ? !types.includes('Undo') || !isMembers(object) : !isOfOrigin(id, originOf(actor))) {
      return reject('not_owner', '/object')
    }
    if (!isMembers(object) || id === actor) continue
    if (types.includes('Update') && isActor(object)) return reject('not_owner', '/object/id')
    const given = OWNER_MEMBERS.filter(member => (object[member] ?? undefined) !== undefined)
    const strange = given.find(member => !namesOwner(object[member], actor))
    if (strange !== undefined) return reject('not_owner', `/object/${strange}`)
    // What names no owner is its origin's; and what has no id has no origin.
    if (given.length === 0 && id === undefined) return reject('not_owner', '/object/actor')
  }
  return undefined
}

function isOfOrigin(id: unknown, origin: string | undefined): boolean {
  return typeof id === 'string' && originOf(id) === origin
}

function isActor({ type }: Readonly<Record<string, unknown>>): boolean {
  const types: readonly unknown[] = Array.isArray(type) ? type : [type]
  return types.some(each => typeof each === 'string' && ACTOR_TYPES.includes(each.replace(PREFIX, '')))
}

/** Whether the actor is among the owners that an object names. */
function namesOwner(owners: unknown, actor: string): boolean {
  const named: readonly unknown[] = Array.isArray(owners) ? owners : [owners]
  return named.some(each => idOf(each) === actor)
}
