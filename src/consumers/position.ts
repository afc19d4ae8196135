/**
 * Positions in the feed as hosts keep them: opaque strings that say of which store, and of which time of its life, they
 * are. Made and read here alone.
 */
import { hash } from 'node:crypto'
import { TwinlogError } from '../errors.ts'
import type { FeedOrigin, FeedPoint } from '../log-store/types.ts'

const VERSION = 1
/** Version, the first half of the store's id, timeline, commit, ordinal, check. */
const AT = { store: 1, timeline: 9, commit: 15, ordinal: 21, check: 25 } as const
const BYTES = 29
const STORE_BYTES = AT.timeline - AT.store
const CHECK_BYTES = BYTES - AT.check

export function positionOf(origin: FeedOrigin, { commit, ordinal }: FeedPoint): string {
  const bytes = Buffer.alloc(BYTES)
  bytes[0] = VERSION
  bytes.write(origin.store, AT.store, STORE_BYTES, 'hex')
  bytes.writeUIntBE(origin.timeline, AT.timeline, 6)
  bytes.writeUIntBE(commit, AT.commit, 6)
  bytes.writeUInt32BE(ordinal, AT.ordinal)
  checkOf(bytes).copy(bytes, AT.check)
  return bytes.toString('base64url')
}

/**
 * The point that a position names in this store.
 * @param end the end of the feed
 * @throws POSITION_INVALID, DIVERGED
 */
export function pointOf(origin: FeedOrigin, position: unknown, end: FeedPoint): FeedPoint {
  if (typeof position !== 'string') throw new TypeError('a position must be a string')
  const bytes = Buffer.from(position, 'base64url')
  const isWhole = bytes.length === BYTES && bytes[0] === VERSION && checkOf(bytes).equals(bytes.subarray(AT.check))
  if (!isWhole) throw invalid('malformed', 'that is no position of a feed, or of a later version')
  const store = origin.store.slice(0, 2 * STORE_BYTES)
  if (bytes.toString('hex', AT.store, AT.timeline) !== store) throw invalid('store', 'the position is of another store')
  const point = { commit: bytes.readUIntBE(AT.commit, 6), ordinal: bytes.readUInt32BE(AT.ordinal) }
  const timeline = bytes.readUIntBE(AT.timeline, 6)
  const isBeyond = point.commit > end.commit || (point.commit === end.commit && point.ordinal > end.ordinal)
  if (timeline !== origin.timeline || isBeyond) {
    const message = isBeyond ? 'the position lies beyond the end of the feed' : 'the store was restored from a backup'
    const facts = { commit: point.commit, end: end.commit, timeline, current: origin.timeline }
    throw new TwinlogError('DIVERGED', `${message}: what was read is not what is there now`, facts)
  }
  return point
}

function invalid(reason: 'malformed' | 'store', message: string): TwinlogError<'POSITION_INVALID'> {
  return new TwinlogError('POSITION_INVALID', message, { reason })
}

function checkOf(bytes: Buffer): Buffer {
  return hash('sha256', bytes.subarray(0, AT.check), 'buffer').subarray(0, CHECK_BYTES)
}
