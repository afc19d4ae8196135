/**
 * What is durable of every consumer: where it stands, and what it reads. One item of the store each, so it lies in the
 * commit log, survives the index, and moves in one commit with whatever else is written. JSON, to be read by people in
 * a dump. The keys of all items that consumers have are made here.
 */
import { TwinlogError } from '../errors.ts'
import type { Box, ItemChange, LogName, LogStore } from '../log-store/types.ts'
import type { Place } from './place.ts'

export type ConsumerKind = 'cursor' | 'worker' | 'projection'

export interface ConsumerState {
  readonly kind: ConsumerKind
  /** The log it reads; null for the feed. */
  readonly log: LogName | null
  /** Only these; null for all. */
  readonly boxes: readonly Box[] | null
  readonly actors: readonly string[] | null
  readonly at: Place
  /** Milliseconds since 1970. */
  readonly movedAt: number
}

interface StoredState {
  readonly state: ConsumerState
  readonly version: number
}

const STATE_VERSION = 1
const STATES = 'consumer/'

export function stateKey(name: string): string {
  return `${STATES}${name}`
}

export function stateChange(name: string, state: ConsumerState, expectedVersion: number): ItemChange {
  return { key: stateKey(name), value: encodeState(state), expectedVersion }
}

/** The state as it is when the commits of the feed have other numbers; null: the item is none, or one of a log. */
export function movedState(key: string, value: Uint8Array, at: (place: Place) => Place): Buffer | null {
  if (!key.startsWith(STATES)) return null
  const state = decodeState(key, value)
  return state.log === null ? encodeState({ ...state, at: at(state.at) }) : null
}

function encodeState(state: ConsumerState): Buffer {
  return Buffer.from(JSON.stringify({ version: STATE_VERSION, ...state }))
}

/** @throws FORMAT_UNSUPPORTED */
function decodeState(key: string, value: Uint8Array): ConsumerState {
  const stored = JSON.parse(Buffer.from(value).toString('utf8')) as ConsumerState & { readonly version: number }
  if (stored.version > STATE_VERSION) {
    throw new TwinlogError('FORMAT_UNSUPPORTED', `${key} was written by a newer version of twinlog`, { place: key })
  }
  const { kind, log, boxes, actors, at, movedAt } = stored
  return { kind, log, boxes, actors, at, movedAt }
}

/** @throws TypeError when the name is another kind of consumer's, or one of another log */
export async function loadState(
  logStore: LogStore,
  name: string,
  kind: ConsumerKind,
  log: LogName | null,
): Promise<StoredState | null> {
  const item = await logStore.item(stateKey(name))
  if (item === null) return null
  const state = decodeState(stateKey(name), item.value)
  if (state.kind !== kind) throw new TypeError(`${name} is the name of a ${state.kind}`)
  if (state.log?.actor !== log?.actor || state.log?.box !== log?.box) {
    throw new TypeError(`the ${kind} ${name} reads something else: remove it first, or give this one another name`)
  }
  return { state, version: item.version }
}

/** All states, by name. */
export async function* statesOf(logStore: LogStore): AsyncGenerator<readonly [name: string, state: ConsumerState]> {
  for await (const [key, { value }] of logStore.listItems(STATES))
    yield [key.slice(STATES.length), decodeState(key, value)]
}
