/**
 * Durable snapshots of a projection, one for each version of it: its state as msgpack, in pieces that an item can hold,
 * and a last item that says which pieces belong together and where in the feed they stand. All are written in one commit.
 */
import { hash } from 'node:crypto'
import { TwinlogError } from '../errors.ts'
import type { ItemChange, LogName, LogStore } from '../log-store/types.ts'
import { decodeMsgpack, encodeMsgpack } from '../record/codecs/msgpack.ts'
import type { Place } from './place.ts'

const PREFIX = 'snapshot/'
const PIECE_BYTES = 512 * 1024
const STATE_BYTES_MAX = 64 * 1024 * 1024

export interface SnapshotHead {
  readonly version: number
  /** The log that it folds; null for the feed. */
  readonly log: LogName | null
  readonly at: Place
  /** Whether it has once seen all there was; until then an older version may be served. */
  readonly isCaughtUp: boolean
  readonly pieces: number
  readonly sum: string
}

/** The heads of all versions there are, the newest last. */
export async function snapshotHeads(logStore: LogStore, name: string): Promise<SnapshotHead[]> {
  const heads: SnapshotHead[] = []
  for await (const [, { value }] of logStore.listItems(headPrefix(name))) heads.push(decodeHead(value))
  return heads.toSorted((left, right) => left.version - right.version)
}

/** @throws CORRUPT when the pieces are not the ones that were written */
export async function loadSnapshot(logStore: LogStore, name: string, head: SnapshotHead): Promise<unknown> {
  const pieces: Uint8Array[] = []
  for (let i = 0; i < head.pieces; i += 1) {
    const item = await logStore.item(pieceKey(name, head.version, i))
    if (item !== null) pieces.push(item.value)
  }
  const bytes = Buffer.concat(pieces)
  if (sumOf(bytes) !== head.sum) {
    const place = headKey(name, head.version)
    throw new TwinlogError('CORRUPT', `the snapshot ${place} is not what was written: remove the projection`, { place })
  }
  return decodeMsgpack(bytes)
}

/**
 * What to write for a snapshot that comes after `before`.
 * @throws UNSUPPORTED_VALUE, PAYLOAD_TOO_LARGE
 */
export function snapshotChanges(
  name: string,
  state: unknown,
  next: Pick<SnapshotHead, 'version' | 'log' | 'at' | 'isCaughtUp'>,
  before: SnapshotHead | null,
): { readonly head: SnapshotHead; readonly items: readonly ItemChange[] } {
  const bytes = encodeMsgpack(state, { code: 'PAYLOAD_TOO_LARGE', bytesMax: STATE_BYTES_MAX })
  const pieces = Math.ceil(bytes.length / PIECE_BYTES)
  const head = { ...next, pieces, sum: sumOf(bytes) }
  const items: ItemChange[] = []
  for (let i = 0; i < Math.max(pieces, before?.pieces ?? 0); i += 1) {
    const value = i < pieces ? bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES) : null
    items.push({ key: pieceKey(name, next.version, i), value })
  }
  return { head, items: [...items, { key: headKey(name, next.version), value: encodeHead(head) }] }
}

/** What to write to be rid of a snapshot. */
export function snapshotRemoval(name: string, { version, pieces }: SnapshotHead): readonly ItemChange[] {
  const keys = Array.from({ length: pieces }, (_, i) => pieceKey(name, version, i))
  return [...keys, headKey(name, version)].map(key => ({ key, value: null }))
}

/** The head as it is when the commits of the feed have other numbers; null: the item is no head, or one of a log. */
export function movedHead(key: string, value: Uint8Array, at: (place: Place) => Place): Buffer | null {
  if (!key.startsWith(PREFIX) || key.split('/')[2] !== 'head') return null
  const head = decodeHead(value)
  return head.log === null ? encodeHead({ ...head, at: at(head.at) }) : null
}

function encodeHead(head: SnapshotHead): Buffer {
  return Buffer.from(JSON.stringify(head))
}

function decodeHead(value: Uint8Array): SnapshotHead {
  return JSON.parse(Buffer.from(value).toString('utf8')) as SnapshotHead
}

function headPrefix(name: string): string {
  return `${PREFIX}${name}/head/`
}

function headKey(name: string, version: number): string {
  return `${headPrefix(name)}${version}`
}

function pieceKey(name: string, version: number, piece: number): string {
  return `${PREFIX}${name}/piece/${version}/${piece}`
}

function sumOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex').slice(0, 32)
}
