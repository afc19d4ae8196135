/**
 * Writes what salvage has judged good into a new commit log: the same entries with the same log numbers and sequences,
 * one commit for each that was read. Sequences without a record are declared lost, so that none is ever given again.
 */
import type { Checksum } from '../bytes/checksum.ts'
import { CommitLog } from '../commit-log/commit-log.ts'
import type { Disk } from '../commit-log/disk.ts'
import type { StoreIdentity } from '../commit-log/identity.ts'
import { SEGMENT_BYTES_DEFAULT } from '../commit-log/layout.ts'
import type { Place } from '../consumers/place.ts'
import { logNumber } from '../log-store/change.ts'
import type { SalvagePlan } from './salvage-plan.ts'
import { encodePair } from '../record/bodies.ts'
import type { DecodedEntry, EntryFields } from '../record/entry.ts'
import { CODEC_ID, ENTRY_TYPE, LOST_SEQUENCES_MAX } from '../record/layout.ts'

/** A commit declares so many sequences lost, about: replaying one must not take long. */
const LOST_PER_COMMIT = 4 * LOST_SEQUENCES_MAX

export class SalvageWriter {
  readonly #log: CommitLog
  readonly #options: Parameters<typeof CommitLog.open>[0]
  readonly #plan: SalvagePlan
  /** The tip that each log has in what was written. */
  readonly #tips = new Map<number, number>()

  private constructor(log: CommitLog, options: Parameters<typeof CommitLog.open>[0], plan: SalvagePlan) {
    this.#plan = plan
    this.#log = log
    this.#options = options
  }

  /** Into an empty directory. */
  static async open(
    disk: Disk,
    identity: StoreIdentity,
    checksum: Checksum,
    plan: SalvagePlan,
  ): Promise<SalvageWriter> {
    const options = {
      disk,
      identity,
      checksum,
      checkpoint: null,
      // Nothing is acknowledged before all of it is synced.
      durability: 'os',
      segmentBytes: SEGMENT_BYTES_DEFAULT,
      recentBytes: 0,
    } as const
    return new SalvageWriter(await CommitLog.open(options), options, plan)
  }

  /** Where in the feed of the new store the next entry will be. */
  get place(): Place {
    return [this.#log.end.commit + 1, this.#log.pending.entryCount]
  }

  hasBegun(number: number): boolean {
    return this.#tips.has(logNumber(number, 'inbox'))
  }

  beginActor(id: string, number: number): void {
    for (const box of ['inbox', 'outbox'] as const) this.#tips.set(logNumber(number, box), 0)
    this.#addOwn({ type: ENTRY_TYPE.actorAdded, log: logNumber(number, 'inbox') }, Buffer.from(id, 'utf8'))
  }

  endActor(id: string, number: number): void {
    for (const box of ['inbox', 'outbox'] as const) this.#tips.delete(logNumber(number, box))
    this.#addOwn({ type: ENTRY_TYPE.actorRemoved, log: logNumber(number, 'inbox') }, Buffer.from(id, 'utf8'))
  }

  /** The payload of some records that follow; returns its offset. */
  addShared({ codec, payloadSum }: DecodedEntry, payload: Uint8Array): number {
    return this.#log.pending.add({ type: ENTRY_TYPE.payload, codec, payloadSum, payload }).offset
  }

  /** The record as it was; `payloadAt` when its payload is a shared one. All sequences before it have their place. */
  addRecord(entry: DecodedEntry, payload: Uint8Array, payloadAt: number): void {
    const { type, codec, log, seq, receivedAt, payloadSum, key, meta } = entry
    this.#log.pending.add({
      type,
      codec,
      log,
      seq,
      receivedAt,
      payloadAt,
      payloadSum,
      key: key ?? undefined,
      meta: meta ?? undefined,
      payload: payloadAt === 0 ? payload : undefined,
    })
    this.#tips.set(log, seq)
  }

  /** What is left of a record that is not to be there: its key. All sequences before it have their place. */
  addKey({ codec, log, seq, payloadSum, key }: DecodedEntry): void {
    this.#log.pending.add({ type: ENTRY_TYPE.keyOnly, codec, log, seq, payloadSum, key: key ?? undefined })
    this.#tips.set(log, seq)
  }

  addRedaction({ codec, log, seq, receivedAt }: DecodedEntry): void {
    const payloadSum = this.#log.checksum.sum(Buffer.alloc(0))
    this.#log.pending.add({ type: ENTRY_TYPE.redact, codec, log, seq, receivedAt, payloadSum })
  }

  addBounds(log: number, first: number): void {
    const tip = this.#tips.get(log) ?? 0
    this.#addOwn({ type: ENTRY_TYPE.bounds, log, seq: tip }, encodePair(first, tip))
  }

  addItem({ type }: DecodedEntry, body: Buffer): void {
    this.#addOwn({ type }, body)
  }

  /** Declares lost, or trimmed where it is, what lies between the log's tip and `to`, in the commit that fills: for few. */
  lose(log: number, to: number): void {
    for (let from = (this.#tips.get(log) ?? 0) + 1; from <= to;) from = this.#loseSome(log, from, to)
  }

  /** The same for any number, in commits of their own. Nothing else may be in the one that fills. */
  async loseMany(log: number, to: number): Promise<void> {
    let lost = 0
    for (let from = (this.#tips.get(log) ?? 0) + 1; from <= to;) {
      const next = this.#loseSome(log, from, to)
      lost += next - from
      from = next
      if (lost < LOST_PER_COMMIT) continue
      await this.commit()
      lost = 0
    }
    await this.commit()
  }

  async commit(): Promise<void> {
    if (!this.#log.pending.isEmpty) await this.#log.commitPending()
  }

  /** Makes all of it certain; `nextLog` is the lowest log number never used. Returns the last commit. */
  async finish(nextLog: number): Promise<number> {
    await this.commit()
    await this.#log.sync()
    const { end } = this.#log
    await this.#log.close()
    // One more segment: its header says which numbers are taken, and vouches for all before it.
    const checkpoint = end.commit === 0 ? null : { ...end, nextLog }
    const last = await CommitLog.open({ ...this.#options, checkpoint, durability: 'disk' })
    try {
      last.nextLog = Math.max(last.nextLog, nextLog)
      await last.commitPending()
      return last.end.commit
    } finally {
      await last.close()
    }
  }

  async close(): Promise<void> {
    await this.#log.close()
  }

  #loseSome(log: number, from: number, to: number): number {
    const trimmed = Math.min(to, this.#plan.firstOf(log) - 1)
    if (trimmed >= from) {
      this.#tips.set(log, trimmed)
      this.addBounds(log, trimmed + 1)
      return trimmed + 1
    }
    const last = Math.min(to, from + LOST_SEQUENCES_MAX - 1)
    this.#addOwn({ type: ENTRY_TYPE.lost, log, seq: last }, encodePair(from, last))
    this.#tips.set(log, last)
    return last + 1
  }

  #addOwn(fields: Omit<EntryFields, 'payloadSum' | 'payload' | 'codec'>, body: Buffer): void {
    const payloadSum = this.#log.checksum.sum(body)
    this.#log.pending.add({ ...fields, codec: CODEC_ID.none, payloadSum, payload: body })
  }
}
