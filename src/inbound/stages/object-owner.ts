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

export function checkObjectOwner({ types, actor, activity }: Envelope): Rejected | undefined {
  if (!CHANGING.some(type => types.includes(type))) return undefined
  const given = activity['object']
  const objects: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (objects.length === 0) return reject('not_owner', '/object')
  for (const object of objects) {
    const id = idOf(object)
    // Undo may embed an activity that never had an id.
    if (id === undefined ? !types.includes('Undo') || !isMembers(object) : !isOfOrigin(id, originOf(actor))) {
      return reject('not_owner', '/object')
    }
    if (!isMembers(object) || id === actor) continue
    if (types.includes('Update') && isActor(object)) return reject('not_owner', '/object/id')
    const strange = OWNER_MEMBERS.find(member => !namesOwner(object[member], actor, id !== undefined))
    if (strange !== undefined) return reject('not_owner', `/object/${strange}`)
  }
  return undefined
}

function isOfOrigin(id: unknown, origin: string | undefined): boolean {
  return typeof id === 'string' && originOf(id) === origin
}

function isActor({ type }: Readonly<Record<string, unknown>>): boolean {
  const types: readonly unknown[] = Array.isArray(type) ? type : [type]
  return types.some(each => typeof each === 'string' && ACTOR_TYPES.includes(each))
}

/** Whether the actor is among the owners that an object names; one that names none is its origin's. */
function namesOwner(owners: unknown, actor: string, hasId: boolean): boolean {
  if (owners === undefined || owners === null) return hasId
  const named: readonly unknown[] = Array.isArray(owners) ? owners : [owners]
  return named.some(each => idOf(each) === actor)
}
