/** What verify finds: one form for all damage, with its place and what it costs. */
import type { LogDamage } from '../commit-log/survey.ts'
import type { Box } from '../log-store/types.ts'

/** What is wrong. Codes are stable, messages are not; docs/cli.md lists them (a test compares the two). */
export const FINDING_CODES = {
  IDENTITY_DAMAGED: 'the identity file is damaged or gone',
  SEGMENT_MISSING: 'a segment file is missing',
  SEGMENT_HEADER_DAMAGED: 'the header of a segment is damaged',
  SEGMENT_MAP_DAMAGED: 'of a segment that was written again, the map of its entries is damaged',
  COMMITS_MISSING: 'nothing is left of some commits',
  CHAIN_BROKEN: 'a segment does not go on where the one before it ends',
  COMMIT_DAMAGED: 'what some commits held is known in part, or not at all',
  COMMIT_HEADER_DAMAGED: 'the header of a commit, or a birth place in it, is damaged, and all its entries are whole',
  ENTRY_UNKNOWN: 'an entry of twinlog itself is damaged: what it did is not known',
  RECORD_DAMAGED: 'the bytes of a record are not the ones that were appended',
  RECORDS_MISSING: 'records are not there',
  PAYLOAD_DAMAGED: 'a shared payload is damaged, and no record that is there needs it',
  PADDING_DAMAGED: 'bytes that hold nothing are not zero',
  SEQUENCE_REPEATED: 'a sequence is there twice',
  KEY_REPEATED: 'two records of a log have the same dedupe key',
  BOUNDS_WRONG: 'a trim contradicts what the log holds',
  LOG_UNKNOWN: 'entries of a log that nothing has begun, or that is gone',
} as const

export type FindingCode = keyof typeof FINDING_CODES

export interface Finding {
  readonly code: FindingCode
  readonly message: string
  /** The file, from the store's directory. */
  readonly file: string
  readonly offset: number | null
  /** The commits that it is about, where it is about commits. */
  readonly commits: { readonly from: number; readonly to: number } | null
  /** The actor, where it is about one of its logs and it is known who that is. */
  readonly actor: string | null
  readonly box: Box | null
  /** The sequences that it is about. */
  readonly sequences: { readonly from: number; readonly to: number } | null
  /**
   * What it costs: `nothing`; the `records` of `sequences`; or `unknown`: what `commits` held is lost, as far as no
   * other finding and no record says more, or (without `commits`) what depends on it is uncertain.
   */
  readonly costs: 'nothing' | 'records' | 'unknown'
}

/** What differs from a finding without a place in the log that costs nothing. */
export type FindingFacts = Pick<Finding, 'file'> & Partial<Omit<Finding, 'code' | 'message'>>

export function findingOf(code: FindingCode, facts: FindingFacts): Finding {
  return {
    code,
    message: FINDING_CODES[code],
    offset: null,
    commits: null,
    actor: null,
    box: null,
    sequences: null,
    costs: 'nothing',
    ...facts,
  }
}

export function findingOfDamage(damage: LogDamage): Finding {
  const { file } = damage
  switch (damage.kind) {
    case 'segment-missing':
      return findingOf('SEGMENT_MISSING', { file, costs: 'unknown' })
    case 'segment-header':
      return findingOf('SEGMENT_HEADER_DAMAGED', { file, offset: 0, costs: 'unknown' })
    case 'segment-map':
      return findingOf('SEGMENT_MAP_DAMAGED', { file, offset: damage.offset })
    case 'commits-missing':
      return findingOf('COMMITS_MISSING', { file, commits: { from: damage.from, to: damage.to }, costs: 'unknown' })
    case 'chain-broken':
      return findingOf('CHAIN_BROKEN', { file, commits: { from: damage.commit, to: damage.commit }, costs: 'unknown' })
  }
}
