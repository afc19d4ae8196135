/**
 * One atomic, synced change of the index. A repair is written as it is; news goes through `KeyIndex.write`.
 */
import type { Checksum } from '../bytes/checksum.ts'
import * as keys from './keys.ts'
import type { Database } from './level-database.ts'
import { SealedRow } from './sealed-row.ts'
import * as values from './values.ts'

const headRow = new SealedRow(keys.HEAD_KEY_BYTES, values.HEAD_BYTES)
const entryRow = new SealedRow(keys.ENTRY_KEY_BYTES, values.LOCATION_BYTES)
const dedupeRow = new SealedRow(keys.DEDUPE_KEY_BYTES, values.DEDUPE_BYTES)

export class IndexBatch {
  readonly #batch: ReturnType<Database['batch']>
  readonly #checksum: Checksum

  constructor(database: Database, checksum: Checksum) {
    this.#batch = database.batch()
    this.#checksum = checksum
  }

  putHead(log: number, head: values.Head): void {
    keys.headKey(log, headRow.key)
    values.encodeHead(head, headRow.body)
    this.#putRow(headRow)
  }

  putEntry(log: number, seq: number, location: values.IndexedLocation): void {
    keys.entryKey(log, seq, entryRow.key)
    values.encodeLocation(location, entryRow.body)
    this.#putRow(entryRow)
  }

  putDedupe(log: number, key: Uint8Array, value: values.DedupeValue): void {
    keys.dedupeKey(log, key, dedupeRow.key)
    values.encodeDedupe(value, dedupeRow.body)
    this.#putRow(dedupeRow)
  }

  putActor(id: string, number: number): void {
    this.#put(keys.actorIdKey(id), values.encodeActor({ number, isActive: true }))
    this.#put(keys.actorNumberKey(number), Buffer.from(id, 'utf8'))
  }

  /** The id stays known as removed; the number is gone for good. */
  retireActor(id: string, number: number): void {
    this.#put(keys.actorIdKey(id), values.encodeActor({ number, isActive: false }))
    this.#delete(keys.actorNumberKey(number))
  }

  putItem(key: string, item: values.ItemValue): void {
    this.#put(keys.itemKey(key), values.encodeItemValue(item))
  }

  deleteItem(key: string): void {
    this.#delete(keys.itemKey(key))
  }

  /** Notes that a log has keys to clear, and which. */
  putSweep(log: number, extent: values.SweepExtent): void {
    this.#put(keys.sweepKey(log), values.encodeSweep(extent))
  }

  deleteSweep(log: number): void {
    this.#delete(keys.sweepKey(log))
  }

  /** The point this batch brings the index to, with its ledger key; drops the ledger keys from `oldFloor` on that it no longer needs. */
  putPoint(point: values.IndexPoint, oldFloor: number): void {
    for (let batch = oldFloor; batch < point.ledgerFloor; batch += 1) this.#delete(keys.ledgerKey(batch))
    const body = values.encodePoint(point)
    this.#put(keys.ledgerKey(point.batch), body)
    this.#put(keys.checkpointKey(), body)
  }

  /** All or nothing, synced. */
  async write(): Promise<void> {
    await this.#batch.write({ sync: true })
  }

  #putRow(row: SealedRow): void {
    row.seal(this.#checksum)
    this.#putSealed(row.key, row.value)
  }

  #put(key: Buffer, body: Buffer): void {
    this.#putSealed(key, values.seal(key, body, this.#checksum))
  }

  #putSealed(key: Buffer, value: Buffer): void {
    this.#batch.put(key, value)
  }

  #delete(key: Buffer): void {
    this.#batch.del(key)
  }
}
