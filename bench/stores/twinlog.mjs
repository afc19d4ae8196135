import { open } from '../twinlog.mjs'
import { actorId, inParallel } from '../workload.mjs'

const WIDTH = 1000

/** @type {import('./all.mjs').Store} */
export const twinlog = {
  name: 'twinlog',
  packages: [],
  how: 'one inbox a log; `appendBytes`, `store.append` for what stays together; the options are the defaults',
  lacks: {},
  open: async (directory, { durability }) => {
    const store = await open(directory, { durability })
    /** @type {import('twinlog').Log[]} */
    const logs = []
    const logAt = (/** @type {number} */ log) => (logs[log] ??= store.inbox(actorId(log)))
    return {
      prepareLogs: count => inParallel(count, WIDTH, i => store.actors.add(actorId(i))),
      append: async (log, payload, key) => {
        const { seq } = await logAt(log).appendBytes(payload, key === undefined ? {} : { key })
        return seq
      },
      appendMany: async parts => {
        const items = parts.map(({ log, payload, key }) => {
          return key === undefined ? { log: logAt(log), bytes: payload } : { log: logAt(log), bytes: payload, key }
        })
        return (await store.append(items)).map(({ seq, error }) => {
          if (seq === undefined) throw error
          return seq
        })
      },
      tip: async log => (await logAt(log).tip()) ?? 0,
      get: async (log, seq) => {
        const record = await logAt(log).get(seq)
        if (record === undefined) throw new Error('a record is not there')
        return record.bytes
      },
      page: async (log, limit, before) => {
        const { items } = await logAt(log).page(before === undefined ? { limit } : { limit, before })
        return items.map(({ bytes }) => bytes)
      },
      scan: async (log, visit) => {
        for await (const { bytes } of logAt(log).read()) visit(bytes)
      },
      follow: (log, after, onRecord) => {
        const ended = new AbortController()
        const following = followed(logAt(log), after, ended.signal, onRecord)
        return () => {
          ended.abort()
          return following
        }
      },
      settle: () => store.flushIndex(),
      close: () => store.close(),
    }
  },
}

/**
 * @param {import('twinlog').Log} log
 * @param {number} after
 * @param {AbortSignal} signal
 * @param {(seq: number) => void} onRecord
 */
async function followed(log, after, signal, onRecord) {
  try {
    for await (const { seq } of log.follow({ after, signal })) onRecord(seq)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
