/** The index as annotated hex: each key under its name, its value behind it. */
import type { Checksum } from '../../src/bytes/checksum.ts'
import { LOG_KEY_KIND, logOfKey, STORE_KEY_KIND } from '../../src/key-index/keys.ts'
import { unseal } from '../../src/key-index/values.ts'
import { pieceRows, type Piece } from '../../src/record/hex-dump.ts'
import { bytesOf } from './golden.ts'

export interface Pair {
  readonly key: Buffer
  readonly value: Buffer
}

type Shape = readonly [name: string, bytes: number][]

const POINT: Shape = [
  ['batch', 8],
  ['ledgerFloor', 8],
  ['segment', 4],
  ['offset', 4],
  ['commit', 8],
  ['chain', 8],
  ['nextLog', 8],
]
/** What follows the kind byte of a key; and the value. -1: the rest. */
const OF_LOG: Record<keyof typeof LOG_KEY_KIND, readonly [key: Shape, value: Shape]> = {
  head: [
    [],
    [
      ['first', 8],
      ['tip', 8],
    ],
  ],
  entry: [
    [['sequence', 7]],
    [
      ['segment', 4],
      ['offset', 4],
      ['length', 4],
    ],
  ],
  dedupe: [
    [['key', 16]],
    [
      ['sequence', 8],
      ['codec', 1],
      ['payloadSum', 8],
    ],
  ],
}
const OF_STORE: Record<keyof typeof STORE_KEY_KIND, readonly [key: Shape, value: Shape]> = {
  checkpoint: [[], POINT],
  ledger: [[['batch', 7]], POINT],
  sweep: [[['log', 6]], [['extent', 1]]],
  actorId: [
    [['id', -1]],
    [
      ['number', 6],
      ['isActive', 1],
    ],
  ],
  actorNumber: [[['number', 6]], [['id', -1]]],
  item: [
    [['key', -1]],
    [
      ['version', 8],
      ['value', -1],
    ],
  ],
}

/** @throws when the value does not match its checksum */
export function* pairRows({ key, value }: Pair, checksum: Checksum): Generator<string> {
  const log = logOfKey(key)
  const kinds = log === 0 ? STORE_KEY_KIND : LOG_KEY_KIND
  const [kind] = Object.entries(kinds).find(([, code]) => code === key[6])!
  const [keyShape, valueShape] = (log === 0 ? OF_STORE : OF_LOG)[kind as never] as readonly [Shape, Shape]
  const body = unseal(key, value, checksum)
  yield ''
  yield `# ${kind}${log === 0 ? '' : ` of log ${log}`}`
  const prefix: Piece[] = [
    ['log', 6, String(log)],
    ['kind', 1, `${key[6]}: ${kind}`],
  ]
  yield* pieceRows(0, key, [...prefix, ...piecesOf(key.subarray(7), keyShape)], Infinity)
  yield '# its value'
  yield* pieceRows(0, value, [...piecesOf(body, valueShape), ['sum', 4, 'matches']], Infinity)
}

function* piecesOf(bytes: Buffer, shape: Shape): Generator<Piece> {
  let at = 0
  for (const [name, given] of shape) {
    const length = given < 0 ? bytes.length - at : given
    const isText = given < 0
    const note = isText || length > 8 ? 'text' : BigInt(`0x${bytes.toString('hex', at, at + length)}`).toString()
    yield [name, length, name === 'chain' || name === 'payloadSum' || length === 16 ? '' : note]
    at += length
  }
}

/** The pairs that such rows hold. */
export function pairsOf(text: string): Pair[] {
  return text
    .split('\n\n')
    .slice(1)
    .map(section => {
      const lines = section.split('\n')
      const middle = lines.indexOf('# its value')
      return { key: bytesOf(lines.slice(0, middle)), value: bytesOf(lines.slice(middle)) }
    })
}
