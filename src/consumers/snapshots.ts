/**
 * Durable snapshots of a projection, one for each version of it: its state as msgpack, in pieces that an item can hold,
 * and a last item that says which pieces belong together and where in the feed they stand. All are written in one commit.
 */
import { hash } from 'node:crypto'
import { TwinlogError } from '../errors.ts'
import type { ItemChange, LogStore } from '../log-store/types.ts'
import { decodeMsgpack, encodeMsgpack } from '../record/codecs/msgpack.ts'
import type { Place } from './place.ts'

const PREFIX = 'snapshot/'
const PIECE_BYTES = 512 * 1024
const STATE_BYTES_MAX = 64 * 1024 * 1024

export interface SnapshotHead {
  readonly version: number
  readonly at: Place
  /** Whether it has once seen all there was; until then an older version may be served. */
  readonly isCaughtUp: boolean
  readonly pieces: number
  readonly sum: string
}

/** The heads of all versions there are, the newest last. */
export async function snapshotHeads(logStore: LogStore, name: string): Promise<SnapshotHead[]> {
  const heads: SnapshotHead[] = []
  for await (const [, { value }] of logStore.listItems(headPrefix(name)))
    heads.push(JSON.parse(Buffer.from(value).toString('utf8')) as SnapshotHead)
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
  next: Pick<SnapshotHead, 'version' | 'at' | 'isCaughtUp'>,
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
  return { head, items: [...items, { key: headKey(name, next.version), value: Buffer.from(JSON.stringify(head)) }] }
}

/** What to write to be rid of a snapshot. */
export function snapshotRemoval(name: string, { version, pieces }: SnapshotHead): readonly ItemChange[] {
  const keys = Array.from({ length: pieces }, (_, i) => pieceKey(name, version, i))
  return [...keys, headKey(name, version)].map(key => ({ key, value: null }))
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
