/** What anybody may GET from a host: webfinger, actors, outboxes in pages, and single public activities. */
import { isTwinlogError } from 'twinlog'
import { isPublic } from './activity.mjs'

/**
 * @typedef {import('./activity.mjs').Activity} Activity
 * @typedef {{ store: import('twinlog').Store, people: readonly import('./person.mjs').Person[] }} Readable
 */

const PAGE_ITEMS = 20

/** The document at a URL; undefined when none is there. @param {URL} url @param {Readable} host */
export async function readDocument(url, { store, people }) {
  const { pathname, searchParams, host } = url
  if (pathname === '/.well-known/webfinger') {
    const person = people.find(({ name }) => searchParams.get('resource') === `acct:${name}@${host}`)
    return person && { subject: `acct:${person.name}@${host}`, links: [linkTo(person)] }
  }
  const [, name, box, seq] = /^\/users\/(\w+)(?:\/(outbox)(?:\/([1-9]\d{0,14}))?)?$/.exec(pathname) ?? []
  const person = people.find(each => each.name === name)
  if (person === undefined) return undefined
  if (box === undefined) return person.document
  const log = store.outbox(person.id)
  if (seq === undefined) return outboxOf(person, log, searchParams)
  // The id of an activity ends in its number: that is all it takes to find it.
  const record = await log.get(Number(seq))
  return record && isPublicRecord(record) ? record.value : undefined
}

/**
 * The collection, or a page of it: newest first, and by the links of each page to the ones beside it.
 * @param {import('./person.mjs').Person} person @param {import('twinlog').Log} log @param {URLSearchParams} query
 */
async function outboxOf({ outbox }, log, query) {
  const context = { '@context': 'https://www.w3.org/ns/activitystreams' }
  const [parameter] = [...query]
  if (parameter === undefined)
    return { ...context, id: outbox, type: 'OrderedCollection', first: `${outbox}?page=true` }
  const [name, value] = parameter
  const cursor = name === 'page' ? {} : { [name]: Number(value) }
  if (name !== 'page' && (!['before', 'after'].includes(name) || !/^\d{1,15}$/.test(value))) return undefined
  const page = await pageOf(log, cursor)
  if (page === undefined) return undefined
  const { items, older, newer } = page
  return {
    ...context,
    id: `${outbox}?${name}=${value}`,
    type: 'OrderedCollectionPage',
    partOf: outbox,
    orderedItems: (name === 'after' ? items.toReversed() : items).map(record => record.value),
    ...(older === null ? {} : { next: `${outbox}?before=${older}` }),
    ...(newer === null ? {} : { prev: `${outbox}?after=${newer}` }),
  }
}

/** @param {import('./person.mjs').Person} person */
function linkTo({ id }) {
  return { rel: 'self', type: 'application/activity+json', href: id }
}

/** Undefined for a cursor that is no number of this log. @param {import('twinlog').Log} log @param {object} cursor */
async function pageOf(log, cursor) {
  try {
    return await log.page({ ...cursor, limit: PAGE_ITEMS, where: isPublicRecord })
  } catch (error) {
    if (['AHEAD', 'TRIMMED', 'OUT_OF_RANGE'].some(code => isTwinlogError(error) && error.code === code))
      return undefined
    throw error
  }
}

/** @param {import('twinlog').LogRecord} record */
function isPublicRecord({ value }) {
  return isPublic(/** @type {Activity} */ (value))
}
