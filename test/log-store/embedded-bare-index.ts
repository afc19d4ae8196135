/** The index as bare classic-level shows it: none of twinlog's code, only the bytes that docs/format.md names. */
import { ClassicLevel } from 'classic-level'
import { join } from 'node:path'

export type Bare = ClassicLevel<Buffer, Buffer>

export interface BareLog {
  readonly head: { readonly first: number; readonly tip: number } | null
  readonly sequences: readonly number[]
  /** Hex of each key, with the sequence it names. */
  readonly keys: ReadonlyMap<string, number>
}

/** Runs `use` with the index of a closed store. */
export async function withBare<Result>(path: string, use: (index: Bare) => Promise<Result>): Promise<Result> {
  const index: Bare = new ClassicLevel(join(path, 'index'), {
    createIfMissing: false,
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  await index.open()
  try {
    return await use(index)
  } finally {
    await index.close()
  }
}

/** A 48-bit number, and more bytes. */
export function bareKey(log: number, ...more: readonly number[]): Buffer {
  const key = Buffer.alloc(6 + more.length)
  key.writeUIntBE(log, 0, 6)
  key.set(more, 6)
  return key
}

/** All keys of one log. */
export const rangeOf = (log: number): { gte: Buffer; lt: Buffer } => ({ gte: bareKey(log), lt: bareKey(log + 1) })

/** The number of an active actor: its inbox is log 2 × number, its outbox the next one. */
export async function actorNumber(index: Bare, id: string): Promise<number> {
  const value = await index.get(bareKey(0, 3, ...Buffer.from(id)))
  if (value === undefined || value[6] !== 1) throw new Error(`${id} is not active`)
  return value.readUIntBE(0, 6)
}

/** What lies in `[log, log + 1)`. */
export async function readBareLog(index: Bare, log: number): Promise<BareLog> {
  let head: BareLog['head'] = null
  const sequences: number[] = []
  const keys = new Map<string, number>()
  for await (const [key, value] of index.iterator(rangeOf(log))) {
    const rest = key.subarray(7)
    if (key[6] === 0 && rest.length === 0) head = { first: u64(value, 0), tip: u64(value, 8) }
    else if (key[6] === 1 && rest.length === 7) sequences.push(rest.readUIntBE(1, 6))
    else if (key[6] === 2 && rest.length === 16) keys.set(rest.toString('hex'), u64(value, 0))
    else throw new Error(`what is ${key.toString('hex')}?`)
  }
  return { head, sequences, keys }
}

/** Everything but the checkpoint and the ledger, which tell of the batches it took to get here. */
export async function dump(path: string): Promise<ReadonlyMap<string, string>> {
  return withBare(path, async index => {
    const found = new Map<string, string>()
    for await (const [key, value] of index.iterator()) {
      const isProgress = key.readUIntBE(0, 6) === 0 && key[6]! <= 1
      if (!isProgress) found.set(key.toString('hex'), value.toString('hex'))
    }
    return found
  })
}

function u64(value: Buffer, at: number): number {
  return Number(value.readBigUInt64BE(at))
}
