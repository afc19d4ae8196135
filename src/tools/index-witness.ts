/**
 * What a store's index says of actors and bounds: a witness for salvage, of what damaged commits held. Only a copy of it
 * is opened, because LevelDB writes to what it opens. It may be behind the log; what it says was so at one time.
 */
import { cp, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Checksum } from '../bytes/checksum.ts'
import { KeyIndex } from '../key-index/key-index.ts'
import { oldIndexOf } from '../key-index/set-aside.ts'
import type { ActorValue, Head } from '../key-index/values.ts'
import { logNumber } from '../log-store/change.ts'

const INDEX_FOLDER = 'index'
const MANY = 1000
/** Reading or copying LevelDB's lock file would let go of the lock that its owner holds, within one process. */
const LOCK = 'LOCK'

export interface IndexWitness {
  /** The last commit that it had taken in. */
  readonly commit: number
  readonly nextLog: number
  /** Active actors by number, in order. */
  readonly actors: ReadonlyMap<number, string>
  readonly heads: ReadonlyMap<number, Head>
  /** What it knows of these actors, active or removed. */
  statuses(ids: readonly string[]): Promise<readonly (ActorValue | null)[]>
  close(): Promise<void>
}

/** Null when there is no index, or none that can be read: what it would say is then not known. */
export async function openWitness(path: string, copy: string, checksum: Checksum): Promise<IndexWitness | null> {
  const directory = join(path, INDEX_FOLDER)
  // One that was being made anew knows less than the one before it.
  return (await witnessIn(oldIndexOf(directory), copy, checksum)) ?? witnessIn(directory, copy, checksum)
}

async function witnessIn(directory: string, copy: string, checksum: Checksum): Promise<IndexWitness | null> {
  let index: KeyIndex | null = null
  const close = async (): Promise<void> => {
    await index?.close()
    await rm(copy, { recursive: true, force: true })
  }
  try {
    await cp(directory, copy, { recursive: true, filter: from => basename(from) !== LOCK })
    index = await KeyIndex.open(copy, checksum)
    const { point } = (await index.checkpoint()) ?? { point: null }
    if (point === null) throw new Error('the index has no checkpoint')
    const actors = new Map<number, string>()
    for await (const { id, number } of index.actorsAfter(0)) actors.set(number, id)
    const heads = await headsOf(index, [...actors.keys()])
    const known = index
    return { commit: point.commit, nextLog: point.nextLog, actors, heads, statuses: ids => known.actors(ids), close }
  } catch {
    await close()
    return null
  }
}

async function headsOf(index: KeyIndex, numbers: readonly number[]): Promise<Map<number, Head>> {
  const heads = new Map<number, Head>()
  for (let from = 0; from < numbers.length; from += MANY) {
    const logs = numbers
      .slice(from, from + MANY)
      .flatMap(number => [logNumber(number, 'inbox'), logNumber(number, 'outbox')])
    const found = await index.heads(logs)
    logs.forEach((log, i) => {
      const head = found[i]
      if (head !== null && head !== undefined) heads.set(log, head)
    })
  }
  return heads
}
