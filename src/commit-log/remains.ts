/**
 * What is left of a frame when its segment is written again: the same entries without the dead ones, each behind the place
 * where it was born. Also what tells beforehand whether that is worth it.
 */
import { type DecodedEntry, encodeEntry, entryLength } from '../record/entry.ts'
import { ENTRY_TYPE } from '../record/layout.ts'
import type { Checksum } from '../bytes/checksum.ts'
import type { Evidence } from './evidence.ts'
import { encodeFrameHeader } from './frame-header.ts'
import { BIRTH_FIELDS, BIRTH_PREFIX_BYTES, FRAME_HEADER_BYTES } from './layout.ts'
import type { MapRow } from './map-rows.ts'
import type { ScannedFrame } from './segment-scan.ts'

interface Left {
  readonly entry: DecodedEntry
  readonly isKeyOnly: boolean
  readonly length: number
}

interface Remains {
  readonly entries: readonly Left[]
  /** Of the frame as it is to be; 0 when nothing is left. */
  readonly bytes: number
  /** Whether something goes that somebody asked to be gone. */
  readonly hasErased: boolean
}

export function remainsOf(frame: ScannedFrame, evidence: Evidence): Remains {
  const entries: Left[] = []
  /** Payloads that some record has; `erased`: a record that is gone for good had it. */
  const payloads = new Map<number, 'live' | 'trimmed' | 'erased'>()
  let hasErased = false
  for (const entry of frame.entries) {
    if (entry.type === ENTRY_TYPE.payload) continue
    const verdict = evidence.judge(entry, frame)
    const fate = verdict === 'live' ? 'live' : verdict.because
    if (entry.payloadAt !== 0) payloads.set(entry.payloadAt, worthOf(payloads.get(entry.payloadAt), fate))
    if (fate === 'erased') hasErased = true
    if (verdict === 'live') entries.push({ entry, isKeyOnly: false, length: entry.length })
    else if (verdict.leaves === 'key')
      entries.push({ entry, isKeyOnly: true, length: entryLength(entry.key?.length ?? 0, 0, 0) })
  }
  for (const entry of frame.entries) {
    if (entry.type !== ENTRY_TYPE.payload) continue
    // One that no record here has lost its last one when the segment was written again before.
    const worth = payloads.get(entry.place.offset) ?? 'erased'
    if (worth === 'live') entries.push({ entry, isKeyOnly: false, length: entry.length })
    else if (worth === 'erased') hasErased = true
  }
  const inOrder = entries.toSorted((a, b) => a.entry.ordinal - b.entry.ordinal)
  const body = inOrder.reduce((sum, { length }) => sum + BIRTH_PREFIX_BYTES + length, 0)
  return { entries: inOrder, bytes: body === 0 ? 0 : FRAME_HEADER_BYTES + body, hasErased }
}

/** Whether all that is to stay can be read. */
export function isIntact(frame: ScannedFrame, { entries }: Remains): boolean {
  if (frame.damage !== null) return false
  return entries.every(
    ({ entry, isKeyOnly }) => isKeyOnly || entry.payloadLength === 0 || frame.payload(entry) !== null,
  )
}

/** One record that lives keeps a payload; else one that was erased makes it something that must go. */
function worthOf(before: 'live' | 'trimmed' | 'erased' | undefined, fate: 'live' | 'trimmed' | 'erased') {
  if (before === 'live' || fate === 'live') return 'live'
  return before === 'erased' ? 'erased' : fate
}

/** The bytes of an intact frame at its new place, and the rows of the map that lead there. */
export function encodeRemains(
  frame: ScannedFrame,
  remains: Remains,
  offset: number,
  previousChain: bigint,
  checksum: Checksum,
): { readonly bytes: Buffer; readonly rows: readonly MapRow[]; readonly chain: bigint } {
  const bytes = Buffer.allocUnsafe(remains.bytes)
  const sums = Buffer.allocUnsafe(8 * remains.entries.length)
  const rows: MapRow[] = []
  let at = FRAME_HEADER_BYTES
  for (const [i, left] of remains.entries.entries()) {
    const { place } = left.entry
    bytes.writeUInt32BE(place.segment, at + BIRTH_FIELDS.birthSegment.at)
    bytes.writeUInt32BE(place.offset, at + BIRTH_FIELDS.birthOffset.at)
    at += BIRTH_PREFIX_BYTES
    const headerSum = encodeLeft(bytes, at, left, frame, checksum)
    sums.writeBigUInt64BE(headerSum, 8 * i)
    rows.push({ birthOffset: place.offset, newOffset: offset + at })
    at += left.length
  }
  const { commit } = frame
  const header = {
    flags: 0,
    bodyLength: remains.bytes - FRAME_HEADER_BYTES,
    entryCount: remains.entries.length,
    commit,
    durableCommit: commit - 1,
    previousChain,
    entriesSum: checksum.sum(sums),
  }
  const chain = encodeFrameHeader(bytes, 0, { segment: frame.place.segment, offset }, header, checksum)
  return { bytes, rows, chain }
}

/** Returns the entry's header checksum. */
function encodeLeft(
  target: Buffer,
  at: number,
  { entry, isKeyOnly }: Left,
  frame: ScannedFrame,
  checksum: Checksum,
): bigint {
  if (!isKeyOnly) {
    frame.bytesOf(entry).copy(target, at)
    return entry.headerSum
  }
  const { codec, log, seq, payloadSum, key, ordinal, place } = entry
  const fields = { type: ENTRY_TYPE.keyOnly, codec, log, seq, payloadSum, key: key ?? undefined }
  return encodeEntry(target, at, place, ordinal, fields, checksum)
}
