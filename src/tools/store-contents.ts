/** What a store holds at one moment: its logs and their bounds, and a digest of each record. Called by diff. */
import type { Checksum } from '../bytes/checksum.ts'
import { writeU64 } from '../bytes/integers.ts'
import { type Survey, surveyLog } from '../commit-log/survey.ts'
import { logNumber } from '../log-store/change.ts'
import type { Bounds, Box } from '../log-store/types.ts'
import type { DecodedEntry } from '../record/entry.ts'
import type { Source } from './source.ts'
import { StoreFold } from './store-fold.ts'

/** There is no record with that sequence, or it can't be read. */
export const NO_RECORD = 0n
/** The log declares it lost. */
export const LOST_RECORD = 1n
/** It was taken out on purpose. */
export const REDACTED_RECORD = 2n
const HEAD_BYTES = 36

export class StoreContents {
  readonly survey: Survey
  readonly #fold: StoreFold

  private constructor(survey: Survey, fold: StoreFold) {
    this.survey = survey
    this.#fold = fold
  }

  static async of(source: Source, signal: AbortSignal | undefined): Promise<StoreContents> {
    const survey = await surveyLog(source.reading)
    const fold = new StoreFold()
    for await (const step of survey.steps()) {
      signal?.throwIfAborted()
      // Only where the fold leads counts here.
      if (step.kind === 'frame') for (const _ of fold.judge(step.frame));
    }
    return new StoreContents(survey, fold)
  }

  get totalBytes(): number {
    return this.survey.totalBytes
  }

  /** Active actors, in the order they were added. */
  get actors(): readonly string[] {
    return [...this.#fold.actors].toSorted(([, a], [, b]) => a - b).map(([id]) => id)
  }

  logOf(actor: string, box: Box): (Bounds & { readonly log: number }) | null {
    const number = this.#fold.actors.get(actor)
    const log = number === undefined ? undefined : this.#fold.logs.get(logNumber(number, box))
    return log === undefined ? null : { log: log.log, first: log.first, tip: log.tip }
  }
}

/**
 * One pass: the digests of the sequences `from` to `to` of these logs, where there are records within their bounds. What
 * an owner has appended since lies beyond them.
 */
export async function digestsOf(
  { survey }: StoreContents,
  wanted: ReadonlyMap<number, Bounds & { readonly from: number; readonly to: number }>,
  plain: Checksum,
  onBytes: (readBytes: number) => void,
): Promise<ReadonlyMap<number, BigUint64Array>> {
  const digests = new Map<number, BigUint64Array>()
  for (const [log, { from, to }] of wanted) digests.set(log, new BigUint64Array(Math.max(0, to - from + 1)))
  const put = (log: number, seq: number, digest: () => bigint): void => {
    const [range, array] = [wanted.get(log), digests.get(log)]
    if (range === undefined || array === undefined || seq < range.first || seq > range.tip) return
    array[seq - range.from] = digest()
  }
  const fold = new StoreFold()
  for await (const step of survey.steps()) {
    if (step.kind !== 'frame') continue
    onBytes(step.readBytes)
    for (const verdict of fold.judge(step.frame)) {
      if (verdict.is === 'record') {
        const { entry, payload } = verdict
        put(entry.log, entry.seq, () => digestOf(entry, payload, plain))
      } else if (verdict.is === 'redacted') put(verdict.log.log, verdict.entry.seq, () => REDACTED_RECORD)
      else if (verdict.is === 'lost') {
        for (let seq = verdict.lost.from; seq <= verdict.lost.to; seq += 1) put(verdict.log.log, seq, () => LOST_RECORD)
      }
    }
  }
  return digests
}

/** Of all that a reader sees of a record, and its key. */
function digestOf({ codec, receivedAt, key, meta }: DecodedEntry, payload: Buffer, plain: Checksum): bigint {
  const head = Buffer.alloc(HEAD_BYTES)
  head[0] = codec
  head[1] = key === null ? 0 : 1
  writeU64(head, receivedAt, 2)
  head.set(key ?? [], 10)
  head.writeBigUInt64BE(plain.sum(payload), 26)
  const digest = plain.sum(Buffer.concat([head, meta ?? Buffer.alloc(0)]))
  // The three smallest have a meaning of their own.
  return digest > REDACTED_RECORD ? digest : digest + 3n
}
