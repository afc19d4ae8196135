/**
 * All that a store holds, as plain JSON, through exported names alone: what `scripts/make-store-fixture.mjs` writes down
 * beside a store, and what every later version must still find in it. Changes nothing in the store.
 */

/** Dedupe keys that the fixture's stores have, or had. */
const KEYS = ['first', 'second', 'third', 'trimmed', 'redacted', 'at the end']

/** @param {import('twinlog').Store} store */
export async function describeStore(store) {
  /** @type {Record<string, unknown>} */
  const actors = {}
  for await (const id of store.actors.list()) {
    actors[id] = { inbox: await describeLog(store.inbox(id)), outbox: await describeLog(store.outbox(id)) }
  }
  const feed = []
  for await (const { actor, box, seq } of store.feed({ live: false })) feed.push(`${actor} ${box} ${seq}`)
  const consumers = []
  for (const { name, kind, log, seq, lag, depth, dead } of await store.consumers())
    consumers.push({ name, kind, log, seq, lag, depth, dead })
  return /** @type {unknown} */ (JSON.parse(JSON.stringify({ actors, feed, consumers })))
}

/** @param {import('twinlog').Log} log */
async function describeLog(log) {
  const records = []
  for await (const record of log.read()) {
    const { seq, receivedAt, redacted } = record
    if (redacted) records.push({ seq, receivedAt, redacted })
    else {
      const { codec, meta, bytes } = record
      const value = codec === 'bytes' ? undefined : record.value
      records.push({ seq, receivedAt, codec, bytes: Buffer.from(bytes).toString('hex'), value, meta })
    }
  }
  /** @type {Record<string, number>} */
  const keys = {}
  for (const key of KEYS) {
    const seq = await log.find(key)
    if (seq !== undefined) keys[key] = seq
  }
  return { bounds: await log.bounds(), records, keys }
}
