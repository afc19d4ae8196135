/**
 * Bytes as annotated hex that a person can review and a program can read back: one row for each field,
 * `offset  hex  name  what it says`, offsets in decimal as in errors. A line that starts with `#` holds no bytes.
 * Called by commit-log/dump.ts and by the test that writes the golden vectors.
 */
import { decodeItem, decodePair } from './bodies.ts'
import { type DecodedEntry, isKnownEntry } from './entry.ts'
import { CODEC_ID, ENTRY_FIELDS, ENTRY_HEADER_BYTES, ENTRY_TYPE } from './layout.ts'

/** Where each field of a structure stands. */
export type FieldTable = Readonly<Record<string, { readonly at: number; readonly bytes: number }>>

/** A piece of a payload or value: its name, its length, and what it says; 'text': each row, in ASCII. */
export type Piece = readonly [name: string, bytes: number, note: string]

/** What the checksum of an entry's payload, and the look at its padding, said. */
export interface EntryVerdict {
  readonly isPayloadRight: boolean
  readonly isPaddingRight: boolean
}

const ROW_BYTES = 16
const TYPE_NAMES = namesOf(ENTRY_TYPE)
const CODEC_NAMES = namesOf(CODEC_ID)

/** Rows of 16 bytes; the name and the note stand beside the first, and `text` says each row in ASCII. */
export function* hexRows(offset: number, bytes: Buffer, name: string, note: string): Generator<string> {
  for (let at = 0; at < bytes.length; at += ROW_BYTES) {
    const some = bytes.subarray(at, at + ROW_BYTES)
    const hex = some.toString('hex').replaceAll(/..(?=.)/g, '$& ')
    const said = note === 'text' ? asciiOf(some) : at === 0 ? note : ''
    yield `${String(offset + at).padStart(10)}  ${hex.padEnd(47)}  ${(at === 0 ? name : '').padEnd(16)}  ${said}`.trimEnd()
  }
}

/** As `hexRows`, but at most `bytesMax`; a comment counts the rest. */
function* shortHexRows(offset: number, bytes: Buffer, name: string, note: string, bytesMax: number): Generator<string> {
  yield* hexRows(offset, bytes.subarray(0, bytesMax), name, note)
  yield* restLine(offset, bytes.length, bytesMax)
}

/** The comment for bytes that are not shown. */
export function* restLine(offset: number, bytes: number, bytesMax: number): Generator<string> {
  if (bytes > bytesMax) yield `# … ${bytes - bytesMax} bytes more of it, up to offset ${offset + bytes}`
}

/** The fields of a structure that lies at `bytes[at]`. One without a note says its number, a long one its hex alone. */
export function* fieldRows(
  offset: number,
  bytes: Buffer,
  at: number,
  table: FieldTable,
  notes: Readonly<Record<string, string>>,
): Generator<string> {
  for (const [name, field] of Object.entries(table)) {
    const some = bytes.subarray(at + field.at, at + field.at + field.bytes)
    const number = field.bytes > 8 ? '' : BigInt(`0x0${some.toString('hex')}`).toString()
    yield* hexRows(offset + field.at, some, name, notes[name] ?? number)
  }
}

/** Bytes that follow one another, each piece under its name. */
export function* pieceRows(
  offset: number,
  bytes: Buffer,
  pieces: readonly Piece[],
  bytesMax: number,
): Generator<string> {
  let at = 0
  for (const [name, length, note] of pieces) {
    yield* shortHexRows(offset + at, bytes.subarray(at, at + length), name, note, bytesMax)
    at += length
  }
}

/** A decoded entry, which stands at `offset` and lies whole at `bytes[at]`. */
export function* entryRows(
  offset: number,
  bytes: Buffer,
  at: number,
  entry: DecodedEntry,
  verdict: EntryVerdict,
  bytesMax: number,
): Generator<string> {
  const { payloadStart, payloadLength, length } = entry
  yield `# entry ${entry.ordinal}: ${titleOf(entry)}`
  if (!isKnownEntry(bytes, at)) yield '# of a newer version: a reader of version 1 refuses it'
  yield* fieldRows(offset, bytes, at, ENTRY_FIELDS, notesOf(entry, verdict))
  const keyLength = entry.key?.length ?? 0
  const payload = bytes.subarray(at + payloadStart, at + payloadStart + payloadLength)
  const pieces: Piece[] = [
    ['key', keyLength, ''],
    ['meta', payloadStart - ENTRY_HEADER_BYTES - keyLength, 'text'],
    ...(verdict.isPayloadRight ? piecesOf(entry, payload) : [['payload', payloadLength, 'text'] as const]),
    ['padding', length - payloadStart - payloadLength, verdict.isPaddingRight ? '' : 'DAMAGED: not zero'],
  ]
  const start = at + ENTRY_HEADER_BYTES
  yield* pieceRows(offset + ENTRY_HEADER_BYTES, bytes.subarray(start, at + length), pieces, bytesMax)
}

function titleOf({ type, log, seq, payloadLength }: DecodedEntry): string {
  const name = TYPE_NAMES.get(type) ?? `type ${type}`
  const of = log === 0 ? '' : ` · ${logName(log)}`
  return `${name}${of}${seq === 0 ? '' : ` · sequence ${seq}`} · payload of ${payloadLength} bytes`
}

function notesOf(entry: DecodedEntry, { isPayloadRight }: EntryVerdict): Record<string, string> {
  const payloadSum =
    entry.type === ENTRY_TYPE.keyOnly
      ? 'of the payload that is gone'
      : entry.payloadAt !== 0
        ? 'of the shared payload'
        : isPayloadRight
          ? 'matches'
          : 'DAMAGED: does not match'
  return {
    magic: '',
    type: `${entry.type}: ${TYPE_NAMES.get(entry.type) ?? 'unknown'}`,
    codec: `${entry.codec}: ${CODEC_NAMES.get(entry.codec) ?? 'unknown'}`,
    log: entry.log === 0 ? '0: none' : `${entry.log}: ${logName(entry.log)}`,
    receivedAt: entry.receivedAt === 0 ? '0: none' : timeNote(entry.receivedAt),
    payloadAt: entry.payloadAt === 0 ? '0: none' : `${entry.payloadAt}: the payload entry that was born there`,
    payloadSum,
    headerSum: 'matches',
  }
}

/** The parts of twinlog's own bodies; a host's payload is one piece. */
function piecesOf({ type }: DecodedEntry, payload: Buffer): readonly Piece[] {
  const isPair = type === ENTRY_TYPE.bounds || type === ENTRY_TYPE.lost
  const pair = isPair ? decodePair(payload) : null
  if (pair !== null) {
    const [first, last] = type === ENTRY_TYPE.bounds ? ['first', 'tip'] : ['from', 'to']
    return [
      [first, 8, String(pair[0])],
      [last, 8, String(pair[1])],
    ]
  }
  const isItem = type === ENTRY_TYPE.itemPut || type === ENTRY_TYPE.itemDelete
  const item = isItem ? decodeItem(payload) : null
  if (item === null) return [['payload', payload.length, 'text']]
  return [
    ['version', 8, String(item.version)],
    ['keyLength', 2, String(item.key.length)],
    ['key', item.key.length, 'text'],
    ['value', item.value.length, 'text'],
  ]
}

function logName(log: number): string {
  return `${log % 2 === 0 ? 'inbox' : 'outbox'} of actor ${Math.floor(log / 2)}`
}

/** Milliseconds since 1970, and the date where there is one. */
function timeNote(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? String(ms) : `${ms}: ${date.toISOString()}`
}

function asciiOf(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll(/[^ -~]/g, '.')
}

function namesOf(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(table).map(([name, value]) => [value, name]))
}
