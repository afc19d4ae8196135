/**
 * What an entry of the commit log changes, as the index and the memory of what is not indexed yet see it: one form for
 * the live path, replay and rebuild, so that a maintained index and a rebuilt one can't differ.
 */
import type { Location } from '../commit-log/frame-builder.ts'
import type { ScannedFrame } from '../commit-log/segment-scan.ts'
import { TwinlogError } from '../errors.ts'
import { decodeItem, decodeLost, decodePair } from '../record/bodies.ts'
import type { DecodedEntry } from '../record/entry.ts'
import { CODEC_ID, ENTRY_TYPE } from '../record/layout.ts'

export type Change =
  /** A sequence has its place: that of its record, or that of the entry which declares it lost. */
  | {
      readonly kind: 'append'
      readonly log: number
      readonly seq: number
      readonly location: Location
      readonly key: Uint8Array | null
      readonly codec: number
      readonly payloadSum: bigint
    }
  | {
      /** What is left of a record that is gone. */
      readonly kind: 'key'
      readonly log: number
      readonly seq: number
      readonly key: Uint8Array
      readonly codec: number
      readonly payloadSum: bigint
    }
  | { readonly kind: 'redact'; readonly log: number; readonly seq: number; readonly location: Location }
  | { readonly kind: 'bounds'; readonly log: number; readonly first: number; readonly tip: number }
  | { readonly kind: 'actorAdded'; readonly id: string; readonly number: number }
  | { readonly kind: 'actorRemoved'; readonly id: string; readonly number: number }
  | { readonly kind: 'item'; readonly key: string; readonly version: number; readonly value: Buffer | null }

/** What says of one record of a log where it is, or what is left of it. */
export type RecordChange = Change & { readonly kind: 'append' | 'key' | 'redact' }

export function isRecordChange(change: Change): change is RecordChange {
  return change.kind === 'append' || change.kind === 'key' || change.kind === 'redact'
}

/** An actor's log number: even for its inbox, odd for its outbox. */
export function logNumber(actorNumber: number, box: 'inbox' | 'outbox'): number {
  return actorNumber * 2 + (box === 'inbox' ? 0 : 1)
}

export function actorNumberOfLog(log: number): number {
  return Math.floor(log / 2)
}

/**
 * The changes of a frame of the commit log.
 * @throws LOG_LOST when what the frame held can't be known
 */
export function* changesOf(frame: ScannedFrame): Generator<Change> {
  if (frame.damage === 'entries') throw lost(frame)
  for (const entry of frame.entries) {
    const change = changeOf(frame, entry)
    if (change === 'unknown') throw lost(frame)
    if (change !== null) yield* change
  }
}

/** As `changesOf`, but passes over what is damaged: for looking at a store, never for maintaining one. */
export function* knownChangesOf(frame: ScannedFrame): Generator<Change> {
  for (const entry of frame.entries) {
    const change = changeOf(frame, entry)
    if (change !== null && change !== 'unknown') yield* change
  }
}

/** Null when the entry changes nothing by itself; `unknown` when the body that says what it did is not to be had. */
function changeOf(frame: ScannedFrame, entry: DecodedEntry): readonly Change[] | null | 'unknown' {
  if (entry.type === ENTRY_TYPE.append) {
    const { log, seq, key, codec, payloadSum } = entry
    return [{ kind: 'append', log, seq, key, codec, payloadSum, location: { ...entry.place, length: entry.length } }]
  }
  if (entry.type === ENTRY_TYPE.keyOnly) {
    const { log, seq, key, codec, payloadSum } = entry
    return key === null ? 'unknown' : [{ kind: 'key', log, seq, key, codec, payloadSum }]
  }
  if (entry.type === ENTRY_TYPE.redact)
    return [{ kind: 'redact', log: entry.log, seq: entry.seq, location: { ...entry.place, length: entry.length } }]
  if (entry.type === ENTRY_TYPE.payload) return null
  const body = frame.payload(entry)
  if (body === null) return 'unknown'
  const number = actorNumberOfLog(entry.log)
  switch (entry.type) {
    case ENTRY_TYPE.bounds: {
      const pair = decodePair(body)
      return pair === null ? 'unknown' : [{ kind: 'bounds', log: entry.log, first: pair[0], tip: pair[1] }]
    }
    case ENTRY_TYPE.lost:
      return lostChanges(entry, body)
    case ENTRY_TYPE.actorAdded:
      return [{ kind: 'actorAdded', id: body.toString('utf8'), number }]
    case ENTRY_TYPE.actorRemoved:
      return [{ kind: 'actorRemoved', id: body.toString('utf8'), number }]
    case ENTRY_TYPE.itemPut:
    case ENTRY_TYPE.itemDelete: {
      const item = decodeItem(body)
      if (item === null) return 'unknown'
      const { key, version, value } = item
      const isPut = entry.type === ENTRY_TYPE.itemPut
      return [{ kind: 'item', key: key.toString('utf8'), version, value: isPut ? Buffer.from(value) : null }]
    }
    default:
      return null
  }
}

/** To the index a lost sequence is a record that lies where it is said that it is lost: who reads it there learns so. */
function lostChanges(entry: DecodedEntry, body: Buffer): readonly Change[] | 'unknown' {
  const stretch = decodeLost(body)
  if (stretch === null) return 'unknown'
  const { log, place, length, payloadSum } = entry
  return Array.from({ length: stretch.to - stretch.from + 1 }, (_, i) => ({
    kind: 'append',
    log,
    seq: stretch.from + i,
    location: { ...place, length },
    key: null,
    codec: CODEC_ID.none,
    payloadSum,
  }))
}

function lost(frame: ScannedFrame): TwinlogError<'LOG_LOST'> {
  const place = `segment ${frame.place.segment}, offset ${frame.place.offset}`
  return new TwinlogError(
    'LOG_LOST',
    `commit ${frame.commit} is damaged so that what it changed can't be known, at ${place}`,
    { place },
  )
}
