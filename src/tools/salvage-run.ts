/** What salvage makes of each commit that it reads, and at the end of what the index knows besides. */
import type { ScannedFrame } from '../commit-log/segment-scan.ts'
import { movedItem } from '../consumers/moved-items.ts'
import type { Place } from '../consumers/place.ts'
import { actorNumberOfLog, logNumber } from '../log-store/change.ts'
import { COMMIT_END } from '../log-store/feed-slice.ts'
import type { Box } from '../log-store/types.ts'
import { decodeItem, encodeItem } from '../record/bodies.ts'
import type { DecodedEntry } from '../record/entry.ts'
import { ENTRY_TYPE } from '../record/layout.ts'
import type { IndexWitness } from './index-witness.ts'
import type { SequenceRange } from './ranges.ts'
import type { SalvagePlan } from './salvage-plan.ts'
import type { SalvageWriter } from './salvage-writer.ts'
import { SalvagedPlaces } from './salvaged-places.ts'
import { type FoldedLog, StoreFold, type Verdict } from './store-fold.ts'

const MANY = 1000

export class SalvageRun {
  readonly fold = new StoreFold()
  records = 0
  readonly #writer: SalvageWriter
  readonly #witness: IndexWitness | null
  readonly #plan: SalvagePlan
  readonly #places = new SalvagedPlaces()

  constructor(writer: SalvageWriter, witness: IndexWitness | null, plan: SalvagePlan) {
    this.#plan = plan
    this.#writer = writer
    this.#witness = witness
  }

  /** False when it is not known what one of its entries did. @param firstCommit the first that the frame stands for */
  async take(frame: ScannedFrame, firstCommit: number): Promise<boolean> {
    await this.#nameLogs(frame)
    const verdicts = [...this.fold.judge(frame)]
    await this.#fillGaps(verdicts)
    const used = new Set<number>()
    for (const verdict of verdicts)
      if (verdict.is === 'record' && !this.#plan.isRedacted(verdict.entry)) used.add(verdict.entry.payloadAt)
    const moved = new Map<number, number>()
    for (const verdict of verdicts) {
      const { entry } = verdict
      if (verdict.is === 'shared') {
        const body = used.has(entry.place.offset) ? frame.payload(entry) : null
        if (body !== null) moved.set(entry.place.offset, this.#writer.addShared(entry, body))
      } else {
        // Of several damaged commits it is not known which held the record: whoever stood in them gets it again.
        const ordinal = firstCommit < frame.commit ? COMMIT_END : verdict.entry.ordinal
        this.#write(verdict, moved, [frame.commit, ordinal])
      }
    }
    await this.#writer.commit()
    return verdicts.every(({ is }) => is !== 'unknown')
  }

  /** Puts in what only the index knows, and declares lost all that is missing at the logs' ends. */
  async settle(): Promise<void> {
    if (this.#witness !== null) {
      await this.#endRemoved(this.#witness)
      await this.#beginUnread(this.#witness)
    }
    for (const log of this.fold.logs.values()) {
      if (!this.#isWritten(log)) continue
      const head = this.#witness?.heads.get(log.log)
      if (head !== undefined) this.fold.reach(log, head.tip)
      await this.#writer.loseMany(log.log, log.tip)
      if (head === undefined || head.first <= log.first) continue
      log.first = head.first
      this.#writer.addBounds(log.log, head.first)
      await this.#writer.commit()
    }
  }

  get lost(): readonly (SequenceRange & { readonly actor: string; readonly box: Box })[] {
    return [...this.fold.logs.values()].flatMap(({ actor, box, first, missing }) =>
      actor === null ? [] : [...missing.from(first)].map(range => ({ actor, box, ...range })),
    )
  }

  get unnamed(): readonly { readonly log: number; readonly box: Box; readonly tip: number }[] {
    return [...this.fold.logs.values()].flatMap(({ actor, log, box, tip }) =>
      actor === null && tip > 0 ? [{ log, box, tip }] : [],
    )
  }

  #isWritten({ log, actor }: FoldedLog): boolean {
    return actor !== null && this.#writer.hasBegun(actorNumberOfLog(log))
  }

  /** Logs that nothing read so far has begun, and whose actor the index names. */
  async #nameLogs(frame: ScannedFrame): Promise<void> {
    for (const { log } of frame.entries) {
      const number = actorNumberOfLog(log)
      if (number === 0 || this.fold.logs.has(logNumber(number, 'inbox')) || this.fold.wasRemoved(log)) continue
      const id = this.#witness?.actors.get(number)
      if (id === undefined || frame.entries.some(entry => begins(entry, number))) continue
      await this.#begin(id, number)
    }
  }

  async #begin(id: string, number: number): Promise<void> {
    const before = this.fold.actors.get(id)
    if (before !== undefined) this.#writer.endActor(id, before)
    this.fold.begin(id, number)
    this.#writer.beginActor(id, number)
    await this.#writer.commit()
  }

  /** A gap before a log's first entry in a commit may be long: it gets commits of its own. */
  async #fillGaps(verdicts: readonly Verdict[]): Promise<void> {
    const seen = new Set<number>()
    for (const verdict of verdicts) {
      // A damaged record is part of the gap that the next entry of its log shows.
      const next = nextAfterGap(verdict)
      if (next === null || !('log' in verdict)) continue
      const { log } = verdict
      if (seen.has(log.log) || !this.#isWritten(log)) continue
      seen.add(log.log)
      await this.#writer.loseMany(log.log, next - 1)
    }
  }

  /** @param at where in the feed of the source the entry was */
  #write(verdict: Verdict, moved: ReadonlyMap<number, number>, at: Place): void {
    const { entry } = verdict
    const writer = this.#writer
    switch (verdict.is) {
      case 'record':
        if (!this.#isWritten(verdict.log)) return
        writer.lose(entry.log, entry.seq - 1)
        if (this.#plan.isRedacted(entry)) return this.#writeRedacted(entry)
        this.#places.note(at, writer.place)
        writer.addRecord(entry, verdict.payload, entry.payloadAt === 0 ? 0 : (moved.get(entry.payloadAt) ?? 0))
        this.records += 1
        return
      case 'damaged':
        if (!this.#isWritten(verdict.log) || !this.#plan.isRedacted(entry)) return
        writer.lose(entry.log, entry.seq - 1)
        return this.#writeRedacted(entry)
      case 'key':
        if (!this.#isWritten(verdict.log)) return
        writer.lose(entry.log, entry.seq - 1)
        writer.addKey(entry)
        if (!this.#isTakenAway(entry)) this.#redactAgain(verdict.log, entry)
        return
      case 'redacted':
        if (!this.#isWritten(verdict.log)) return
        writer.lose(entry.log, entry.seq)
        return writer.addRedaction(entry)
      case 'lost':
        if (this.#isWritten(verdict.log)) writer.lose(entry.log, verdict.lost.to)
        return
      case 'bounds':
        if (!this.#isWritten(verdict.log)) return
        writer.lose(entry.log, verdict.tip)
        if (!verdict.isWrong) writer.addBounds(entry.log, verdict.first)
        return
      case 'added':
        if (verdict.replaces !== null) writer.endActor(verdict.id, verdict.replaces)
        return writer.beginActor(verdict.id, verdict.number)
      case 'removed':
        if (!writer.hasBegun(verdict.number)) writer.beginActor(verdict.id, verdict.number)
        return writer.endActor(verdict.id, verdict.number)
      case 'item':
        return writer.addItem(entry, this.#movedItem(verdict.body, entry.type))
      default:
    }
  }

  /** Consumers stand at the same records as before, whose places in the feed are others. */
  #movedItem(body: Buffer, type: number): Buffer {
    const item = decodeItem(body)
    if (item === null) return body
    const value = type === ENTRY_TYPE.itemPut ? item.value : null
    const moved = movedItem({ key: item.key.toString('utf8'), value }, this.#places)
    if (moved === null) return body
    return encodeItem(Buffer.from(moved.key, 'utf8'), item.version, moved.value ?? Buffer.alloc(0))
  }

  /** Whether something that was read says why the record of this key is not there. */
  #isTakenAway(entry: DecodedEntry): boolean {
    const first = Math.max(this.#plan.firstOf(entry.log), this.#witness?.heads.get(entry.log)?.first ?? 1)
    return entry.seq < first || this.#plan.isRedacted(entry)
  }

  /**
   * A key stands alone only where its record was taken away on purpose. What said so could not be read, so it is said
   * again: else nothing would, and the new store would miss a record.
   */
  #redactAgain(log: FoldedLog, entry: DecodedEntry): void {
    this.#writer.addRedaction(entry)
    log.missing.delete(entry.seq)
  }

  /** What the record held is not taken over: the redaction that follows stands for it, and its key stays. */
  #writeRedacted(entry: DecodedEntry): void {
    if (entry.key === null) this.#writer.lose(entry.log, entry.seq)
    else this.#writer.addKey(entry)
  }

  /** Actors whose removal was in a commit that could not be read. */
  async #endRemoved(witness: IndexWitness): Promise<void> {
    const ids = [...this.fold.actors.keys()]
    for (let from = 0; from < ids.length; from += MANY) {
      const some = ids.slice(from, from + MANY)
      const statuses = await witness.statuses(some).catch(() => [])
      for (const [i, id] of some.entries()) {
        const [status, number] = [statuses[i], this.fold.actors.get(id)]
        if (status?.isActive !== false || number === undefined || status.number < number) continue
        this.fold.end(id)
        this.#writer.endActor(id, number)
      }
      await this.#writer.commit()
    }
  }

  /** Actors whose beginning, and all that came after, was in commits that could not be read. */
  async #beginUnread(witness: IndexWitness): Promise<void> {
    for (const [number, id] of witness.actors) {
      const known = this.fold.actors.get(id)
      if (this.fold.wasRemoved(logNumber(number, 'inbox')) || (known !== undefined && known >= number)) continue
      await this.#begin(id, number)
    }
  }
}

/** The sequence before which a gap ends; null: the entry shows none. */
function nextAfterGap(verdict: Verdict): number | null {
  switch (verdict.is) {
    case 'record':
    case 'key':
      return verdict.entry.seq
    case 'redacted':
      return verdict.entry.seq + 1
    case 'lost':
      return verdict.lost.from
    case 'bounds':
      return verdict.tip + 1
    default:
      return null
  }
}

function begins({ type, log }: DecodedEntry, number: number): boolean {
  return type === ENTRY_TYPE.actorAdded && actorNumberOfLog(log) === number
}
