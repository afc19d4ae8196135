/**
 * What every store is given: activities as JSON, the same bytes for all. The text is made up of enough words that it
 * compresses about as prose does, and each record is told from the others.
 */
import { randomFrom } from './workload.mjs'

const WORDS = 5000
const SYLLABLES = [
  'ba',
  'den',
  'fil',
  'go',
  'hus',
  'jem',
  'kra',
  'lo',
  'min',
  'nev',
  'os',
  'pri',
  'qua',
  'run',
  'sti',
  'tol',
]
const POOL = 256
const ACTOR = 'https://remote.example.net/users/wren'
const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public'

/** @typedef {'like' | 'note' | 'article'} Kind */

/** @type {Readonly<Record<Kind, { title: string, bytes: number }>>} */
export const kinds = {
  like: { title: '300 B Like', bytes: 300 },
  note: { title: '1 KB Create', bytes: 1024 },
  article: { title: '4 KB Article', bytes: 4096 },
}

const random = randomFrom(7)
const words = Array.from({ length: WORDS }, () =>
  Array.from({ length: 1 + random(4) }, () => SYLLABLES[random(SYLLABLES.length)]).join(''),
)

/** @type {Map<Kind, readonly Buffer[]>} */
const pools = new Map()

/**
 * Different payloads of exactly the kind's size.
 * @param {Kind} kind
 */
export function payloadsOf(kind) {
  const pool = pools.get(kind) ?? Array.from({ length: POOL }, (_, i) => payload(kind, i))
  pools.set(kind, pool)
  return pool
}

/**
 * @param {readonly Buffer[]} pool
 * @param {number} i
 */
export function payloadAt(pool, i) {
  const found = pool[i % pool.length]
  if (found === undefined) throw new Error('no payload')
  return found
}

/** @param {number} i */
export function keyAt(i) {
  return `https://remote.example.net/activities/${i}`
}

/**
 * What a host does with what it has read.
 * @param {Uint8Array} bytes
 * @returns {unknown}
 */
export function decoded({ buffer, byteOffset, byteLength }) {
  return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8'))
}

/**
 * @param {Kind} kind
 * @param {number} i
 */
function payload(kind, i) {
  const { bytes } = kinds[kind]
  const filling = bytes - JSON.stringify(activity(kind, i, '')).length
  return Buffer.from(JSON.stringify(activity(kind, i, proseOf(filling))))
}

/**
 * @param {Kind} kind
 * @param {number} i
 * @param {string} text
 */
function activity(kind, i, text) {
  const id = `${ACTOR}/${kind}/${1000 + i}`
  if (kind === 'like')
    return { id, type: 'Like', actor: ACTOR, object: 'https://social.example.com/notes/1', summary: text }
  const object = { id: `${id}/object`, type: kind === 'note' ? 'Note' : 'Article', attributedTo: ACTOR, content: text }
  return { '@context': 'https://www.w3.org/ns/activitystreams', id, type: 'Create', actor: ACTOR, to: [PUBLIC], object }
}

/** @param {number} length */
function proseOf(length) {
  let prose = ''
  while (prose.length < length) prose += `${words[random(WORDS)]} `
  return prose.slice(0, length)
}
