/** hypercore: one core is one log, signed and hashed into a Merkle tree, which nothing else here is. */
import { sealed, verified } from './checked.mjs'
import { GroupCommit } from './group-commit.mjs'
import { load } from './packages.mjs'

/**
 * What is used of it.
 * @typedef {import('node:stream').Readable & AsyncIterable<Uint8Array>} Blocks
 *
 * @typedef {object} Core
 * @property {number} length
 * @property {() => Promise<void>} ready
 * @property {(blocks: readonly Uint8Array[]) => Promise<unknown>} append
 * @property {(index: number) => Promise<Uint8Array>} get
 * @property {(options: { start?: number, live?: boolean }) => Blocks} createReadStream
 * @property {() => Promise<void>} close
 *
 * @typedef {{ default: new (directory: string) => Core }} Hypercore
 */

/** @type {import('./all.mjs').Store} */
export const hypercore = {
  name: 'hypercore',
  packages: ['hypercore'],
  how: 'one core; what is appended meanwhile goes into one `append` of many blocks; reads by `get` and `createReadStream`',
  lacks: {
    disk: 'it has no append that waits for the disk',
    manyLogs: 'one core is one log with keys and a tree of its own: nobody opens 10,000 of them at once',
    keys: 'it has no look-up by key',
    lookUps: 'it has no look-up by key',
    reopen: 'it has no append that waits for the disk, and one log a core',
  },
  open: async directory => {
    const { default: Hypercore } = /** @type {Hypercore} */ (await load('hypercore'))
    const core = new Hypercore(directory)
    await core.ready()
    /** @type {GroupCommit<Buffer>} */
    const group = new GroupCommit(async blocks => {
      await core.append(blocks)
    })
    let tip = core.length
    const at = async (/** @type {number} */ seq) => verified(await core.get(seq - 1))
    return {
      prepareLogs: async () => {},
      append: async (_log, payload) => {
        const seq = ++tip
        await group.add([sealed(payload)])
        return seq
      },
      appendMany: async parts => {
        const seqs = parts.map(() => ++tip)
        await group.add(parts.map(({ payload }) => sealed(payload)))
        return seqs
      },
      tip: () => tip,
      get: (_log, seq) => at(seq),
      page: (_log, limit, before = tip + 1) => {
        const length = Math.max(0, Math.min(limit, before - 1))
        return Promise.all(Array.from({ length }, (_, i) => at(before - 1 - i)))
      },
      scan: async (_log, visit) => {
        for await (const block of core.createReadStream({})) visit(verified(block))
      },
      follow: (_log, after, onRecord) => {
        const stream = core.createReadStream({ start: after, live: true })
        let seq = after
        stream.on('data', (/** @type {Uint8Array} */ block) => {
          verified(block)
          onRecord(++seq)
        })
        return async () => {
          stream.destroy()
        }
      },
      settle: async () => {},
      close: () => core.close(),
    }
  },
}
