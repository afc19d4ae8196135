/**
 * Whether two stores hold the same logs. Told record by record, and not by their files: two stores whose segments lie
 * otherwise, or whose log numbers differ, may hold the same. Both are only read, beside their owners or without.
 */
import { Checksum } from '../bytes/checksum.ts'
import type { Bounds, Box } from '../log-store/types.ts'
import { checkToolOptions, Progress, type ToolOptions } from './progress.ts'
import { digestsOf, LOST_RECORD, NO_RECORD, REDACTED_RECORD, StoreContents } from './store-contents.ts'
import { checkPath, openSource, type Source } from './source.ts'

/** A log that is not the same in both. */
export interface LogDifference {
  readonly actor: string
  readonly box: Box
  readonly status: 'only-in-a' | 'only-in-b' | 'differs'
  /** Null where the actor is not there. */
  readonly a: Bounds | null
  readonly b: Bounds | null
  /** The first sequence at which they differ; null where only one has the log. */
  readonly seq: number | null
  /** Why they differ there. `unreadable`: one of them, or both, is damaged there. */
  readonly reason:
    | 'content'
    | 'only-in-a'
    | 'only-in-b'
    | 'lost-in-a'
    | 'lost-in-b'
    | 'redacted-in-a'
    | 'redacted-in-b'
    | 'unreadable'
    | null
}

export interface DiffReport {
  readonly a: string
  readonly b: string
  readonly isEqual: boolean
  /** Logs that are the same in both. */
  readonly equalLogs: number
  /** The others: in the order in which a's actors were added, then those that only b has. */
  readonly differences: readonly LogDifference[]
}

/** So many sequences are held against each other in one pass, about: 16 bytes each. */
const SEQUENCES_PER_PASS = 4_000_000

interface Pair {
  readonly actor: string
  readonly box: Box
  readonly a: Bounds & { readonly log: number }
  readonly b: Bounds & { readonly log: number }
  /** All that either has. */
  readonly from: number
  readonly to: number
}

/**
 * Compares bounds, and of each record codec, bytes, time, meta and dedupe key. That two records are the same is told by
 * a 64-bit checksum.
 * @throws STORE_NOT_FOUND, FORMAT_UNSUPPORTED, IO_ERROR, READ_ONLY, CORRUPT (nothing says which store it is)
 */
export async function diff(a: string, b: string, options: ToolOptions = {}): Promise<DiffReport> {
  checkPath('a', a)
  checkPath('b', b)
  checkToolOptions('diff', options, [])
  const sources = [await openSource(a), await openSource(b)] as const
  for (;;) {
    const report = await compare(...sources, options)
    if (report !== null) return report
  }
}

/** Null when segments were written again between the passes, so that they may have met different bounds. */
async function compare(sourceA: Source, sourceB: Source, options: ToolOptions): Promise<DiffReport | null> {
  const [inA, inB] = [await StoreContents.of(sourceA, options.signal), await StoreContents.of(sourceB, options.signal)]
  const { pairs, differences } = pairUp(inA, inB)
  const groups = groupsOf(pairs)
  const plain = await Checksum.plain()
  const progress = new Progress('diff', groups.length * (inA.totalBytes + inB.totalBytes), options)
  let done = 0
  const found = new Map<Pair, LogDifference>()
  for (const group of groups) {
    const digests = []
    for (const [contents, side] of [[inA, 'a'] as const, [inB, 'b'] as const]) {
      const wanted = new Map(group.map(pair => [pair[side].log, { ...pair[side], from: pair.from, to: pair.to }]))
      digests.push(await digestsOf(contents, wanted, plain, bytes => progress.at(done + bytes)))
      done += contents.totalBytes
    }
    for (const pair of group) {
      const [ofA, ofB] = [digests[0]?.get(pair.a.log), digests[1]?.get(pair.b.log)]
      const difference = firstDifference(pair, ofA ?? new BigUint64Array(0), ofB ?? new BigUint64Array(0))
      if (difference !== null) found.set(pair, difference)
    }
  }
  if (inA.survey.isChanged() || inB.survey.isChanged()) return null
  progress.end()
  const all = [...differences, ...found.values()]
  const placeOf = new Map([...new Set([...inA.actors, ...inB.actors])].map((actor, i) => [actor, i]))
  return {
    a: sourceA.path,
    b: sourceB.path,
    isEqual: all.length === 0,
    equalLogs: pairs.length - found.size,
    differences: all.toSorted(
      (one, other) => (placeOf.get(one.actor) ?? 0) - (placeOf.get(other.actor) ?? 0) || (one.box < other.box ? -1 : 1),
    ),
  }
}

/** The logs that both have, and those that only one has. */
function pairUp(inA: StoreContents, inB: StoreContents): { pairs: Pair[]; differences: LogDifference[] } {
  const pairs: Pair[] = []
  const differences: LogDifference[] = []
  for (const actor of new Set([...inA.actors, ...inB.actors])) {
    for (const box of ['inbox', 'outbox'] as const) {
      const [a, b] = [inA.logOf(actor, box), inB.logOf(actor, box)]
      if (a !== null && b !== null) {
        const [from, to] = [Math.min(a.first, b.first), Math.max(a.tip, b.tip)]
        pairs.push({ actor, box, a, b, from, to })
        continue
      }
      const status = b === null ? 'only-in-a' : 'only-in-b'
      differences.push({ actor, box, status, a: publicBounds(a), b: publicBounds(b), seq: null, reason: null })
    }
  }
  return { pairs, differences }
}

function groupsOf(pairs: readonly Pair[]): readonly (readonly Pair[])[] {
  const groups: Pair[][] = []
  let sequences = Infinity
  for (const pair of pairs) {
    const count = pair.to - pair.from + 1
    if (sequences + count > SEQUENCES_PER_PASS) {
      groups.push([])
      sequences = 0
    }
    groups.at(-1)?.push(pair)
    sequences += count
  }
  return groups
}

function firstDifference(pair: Pair, ofA: BigUint64Array, ofB: BigUint64Array): LogDifference | null {
  const { actor, box, a, b, from, to } = pair
  for (let seq = from; seq <= to; seq += 1) {
    const [one, other] = [ofA[seq - from] ?? NO_RECORD, ofB[seq - from] ?? NO_RECORD]
    if (one === other && one !== NO_RECORD) continue
    const reason = reasonOf(pair, seq, one, other)
    return { actor, box, status: 'differs', a: publicBounds(a), b: publicBounds(b), seq, reason }
  }
  return null
}

function reasonOf({ a, b }: Pair, seq: number, one: bigint, other: bigint): LogDifference['reason'] {
  const has = ({ first, tip }: Bounds): boolean => seq >= first && seq <= tip
  if (!has(b)) return 'only-in-a'
  if (!has(a)) return 'only-in-b'
  if (one === NO_RECORD || other === NO_RECORD) return 'unreadable'
  if (one === LOST_RECORD) return 'lost-in-a'
  if (other === LOST_RECORD) return 'lost-in-b'
  if (one === REDACTED_RECORD) return 'redacted-in-a'
  return other === REDACTED_RECORD ? 'redacted-in-b' : 'content'
}

function publicBounds(bounds: Bounds | null): Bounds | null {
  return bounds === null ? null : { first: bounds.first, tip: bounds.tip }
}
