/** Stage 6: an activity has an id, a type and exactly one actor (ActivityPub §3.1, §6). */
import { originOf } from '../../signatures/origin.ts'
import type { Activity, Envelope } from '../types.ts'
import { reject, type Rejected } from '../verdict.ts'
import { isMembers, type Members } from './json.ts'

/** Ids go into a record's `meta`, whose size is bound. */
const ID_BYTES_MAX = 1024
const TYPES_MAX = 16

export function readEnvelope(document: Members): Envelope | Rejected {
  const { id, type } = document
  if (!isHttpId(id)) return reject('invalid_envelope', '/id')
  const types = Array.isArray(type) ? (type as readonly unknown[]) : [type]
  if (types.length === 0 || types.length > TYPES_MAX || !types.every(isName)) return reject('invalid_envelope', '/type')
  const actor = idOf(document['actor'])
  if (!isHttpId(actor)) return reject('invalid_envelope', '/actor')
  // A Linked Data signature is not verified: nobody is to take it for a proof.
  const { signature: _signature, ...activity } = document
  return { id, types, actor, activity: activity as Activity }
}

/** The id of a value that is an id, an object with an id, or a list of just one of these. */
export function idOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 1 && !Array.isArray(value[0]) ? idOf(value[0]) : undefined
  return isMembers(value) ? value['id'] : value
}

/** Whether it is an absolute http(s) URL without user information; a fragment is legal. */
function isHttpId(id: unknown): id is string {
  return typeof id === 'string' && Buffer.byteLength(id) <= ID_BYTES_MAX && originOf(id) !== undefined
}

function isName(type: unknown): type is string {
  return typeof type === 'string' && type !== ''
}
