/** Reads the index with bare classic-level, and none of twinlog's code: docs/format.md is all it knows. */
import { ClassicLevel } from 'classic-level'

export interface BareLog {
  readonly first: number
  readonly tip: number
  readonly sequences: readonly number[]
}

/** What lies in `[log, log + 1)`, for both logs of an actor; undefined when the index has no such actor. */
export async function readBareIndex(
  directory: string,
  actor: string,
): Promise<{ readonly inbox: BareLog; readonly outbox: BareLog } | undefined> {
  const level = new ClassicLevel<Buffer, Buffer>(directory, {
    createIfMissing: false,
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  try {
    const entry = await level.get(Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 3]), Buffer.from(actor)]))
    if (entry === undefined || entry[6] === 0) return undefined
    const number = entry.readUIntBE(0, 6)
    return { inbox: await readLog(level, 2 * number), outbox: await readLog(level, 2 * number + 1) }
  } finally {
    await level.close()
  }
}

async function readLog(level: ClassicLevel<Buffer, Buffer>, log: number): Promise<BareLog> {
  let head: Buffer | undefined
  const sequences: number[] = []
  for await (const [key, value] of level.iterator({ gte: logPrefix(log), lt: logPrefix(log + 1) })) {
    if (key[6] === 0) head = value
    if (key[6] === 1) sequences.push(key.readUIntBE(8, 6))
  }
  if (head === undefined) throw new Error(`log ${log} has no head`)
  return { first: Number(head.readBigUInt64BE(0)), tip: Number(head.readBigUInt64BE(8)), sequences }
}

function logPrefix(log: number): Buffer {
  const prefix = Buffer.alloc(6)
  prefix.writeUIntBE(log, 0, 6)
  return prefix
}
