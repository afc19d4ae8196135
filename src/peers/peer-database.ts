/**
 * The database under the peer cache: all of it is read when it is opened, and written whenever the cache changed. Where
 * there is none, it is made with the first change: a host that has no peers does not pay for it. It is only a cache, so
 * what is damaged is thrown away, but nothing that does not look like a database is ever removed.
 */
import { readdir, rm } from 'node:fs/promises'
import { Checksum } from '../bytes/checksum.ts'
import { isTwinlogError, TwinlogError } from '../errors.ts'
import { isLevelLocked, openLevel, toIndexError, type Database } from '../key-index/level-database.ts'
import { decodeRecord, encodePeer, encodeTombstone, peerKey, tombstoneKey } from './peer-records.ts'
import { restorePeerTable, type PeerEntry, type PeerSet, type PeerSetLimits } from './peer-set.ts'
import type { PeerTable } from './peer-table.ts'

/** All of it is in memory besides. */
const MEMORY = { writeBufferSize: 1024 * 1024, cacheSize: 64 * 1024 }
const LEVEL_FILE = /^(CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(ldb|sst|log|dbtmp))$/

interface OpenedDatabase {
  readonly database: PeerDatabase
  readonly table: PeerTable
}

export class PeerDatabase {
  readonly #directory: string
  /** Null: nothing was saved yet. */
  #database: Database | null
  readonly #checksum: Checksum
  /** Ids whose peer or tombstone on disk may not be what the set holds. */
  readonly #changed = new Set<string>()
  #writing: Promise<void> = Promise.resolve()

  private constructor(directory: string, database: Database | null, checksum: Checksum) {
    this.#directory = directory
    this.#database = database
    this.#checksum = checksum
  }

  /** @throws LOCKED, NOT_A_STORE, LOW_SPACE, READ_ONLY, IO_ERROR */
  static async open(directory: string, limits: PeerSetLimits): Promise<OpenedDatabase> {
    const checksum = await Checksum.plain()
    if (await isDatabase(directory)) {
      try {
        return await PeerDatabase.#read(directory, limits, checksum)
      } catch (error) {
        const typed = typedError(directory, error)
        // What has no better name is damage.
        if (!isTwinlogError(typed, 'IO_ERROR') && !isTwinlogError(typed, 'PEER_INVALID')) throw typed
      }
      try {
        await rm(directory, { recursive: true, force: true })
      } catch (error) {
        throw toIndexError(directory, error)
      }
    }
    return {
      database: new PeerDatabase(directory, null, checksum),
      table: restorePeerTable(limits, [], []),
    }
  }

  static async #read(directory: string, limits: PeerSetLimits, checksum: Checksum): Promise<OpenedDatabase> {
    const level = await openLevel(directory, MEMORY)
    try {
      const entries: PeerEntry[] = []
      const tombstones: [id: string, since: number][] = []
      for await (const [key, sealed] of level.iterator()) {
        const record = decodeRecord(key, sealed, checksum)
        if (record.kind === 'peer') entries.push(record.entry)
        else tombstones.push([record.id, record.since])
      }
      const database = new PeerDatabase(directory, level, checksum)
      const table = restorePeerTable(limits, entries, tombstones)
      for (const { peer } of entries) if (!table.peers.has(peer.id)) database.note(peer.id)
      for (const [id] of tombstones) if (!table.tombstones.has(id)) database.note(id)
      return { database, table }
    } catch (error) {
      await level.close()
      throw error
    }
  }

  /** The id's peer or tombstone changed; the next write saves it. */
  note(id: string): void {
    this.#changed.add(id)
  }

  /**
   * Writes what changed, one batch after another; each writes what `set` holds when it is its turn. What could not be
   * written is tried again with the next batch.
   * @throws LOW_SPACE, READ_ONLY, IO_ERROR
   */
  write(set: PeerSet): Promise<void> {
    const written = this.#writing.then(() => this.#writeBatch(set))
    this.#writing = written.catch(() => undefined)
    return written
  }

  /** Whatever happens, it is closed. */
  async close(set: PeerSet): Promise<void> {
    try {
      await this.write(set)
    } finally {
      await this.#database?.close()
    }
  }

  async #writeBatch({ peers, tombstones }: PeerSet): Promise<void> {
    if (this.#changed.size === 0) return
    const ids = [...this.#changed]
    this.#changed.clear()
    try {
      this.#database ??= await openLevel(this.#directory, MEMORY)
      const batch = this.#database.batch()
      for (const id of ids) {
        const [entry, since] = [peers.get(id), tombstones.get(id)]
        if (entry === undefined) batch.del(peerKey(id))
        else batch.put(peerKey(id), encodePeer(entry, this.#checksum))
        if (since === undefined) batch.del(tombstoneKey(id))
        else batch.put(tombstoneKey(id), encodeTombstone(id, since, this.#checksum))
      }
      await batch.write()
    } catch (error) {
      for (const id of ids) this.#changed.add(id)
      throw typedError(this.#directory, error)
    }
  }
}

function typedError(directory: string, error: unknown): TwinlogError {
  if (!isLevelLocked(error)) return toIndexError(directory, error)
  return new TwinlogError('LOCKED', `${directory} is open elsewhere`, { path: directory }, error)
}

/** Whether there is one, or a directory that may become one. @throws NOT_A_STORE, READ_ONLY, IO_ERROR */
async function isDatabase(directory: string): Promise<boolean> {
  let names: string[] = []
  try {
    names = await readdir(directory)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return false
    if (code !== 'ENOTDIR') throw toIndexError(directory, error)
    throw new TwinlogError('NOT_A_STORE', `${directory} is no directory`, { path: directory }, error)
  }
  const strange = names.find(name => !LEVEL_FILE.test(name))
  if (strange === undefined) return true
  throw new TwinlogError('NOT_A_STORE', `${directory} holds something else: ${strange}`, { path: directory })
}
