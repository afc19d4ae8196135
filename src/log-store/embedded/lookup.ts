/**
 * Finds what requests need: in memory, or in the index. Keys are asked for at once while the index answers at once; all
 * else is brought into memory, many actors, heads and keys in one read each.
 */
import type { KeyIndex } from '../../key-index/key-index.ts'
import type { QuickReads } from '../../key-index/quick-reads.ts'
import type { ActorValue, Head } from '../../key-index/values.ts'
import type { Append, LogName } from '../types.ts'
import { logNumber } from '../change.ts'
import type { AppendRequest, Request, Target } from './requests.ts'
import { LogState } from './log-state.ts'
import { TailMemory } from './tail-memory.ts'

/** A log's head that the index does not have, or that its own entries contradict: the log's range is damaged. */
export class DamagedRangeError extends Error {
  override readonly name = 'DamagedRangeError'
  readonly log: number

  constructor(log: number) {
    super(`the index range of log ${log} contradicts itself`)
    this.log = log
  }
}

/** Appends looked up together, about: far fewer than stay in memory, or they would be forgotten before they are used. */
const APPENDS_LOOKED_UP_MAX = 2000

/** A flush of no more appends asks for its logs at once; the look-ups of a larger one would hold up the event loop. */
const APPENDS_ASKED_NOW_MAX = 16

/** A dedupe key (16 bytes) of a log. */
interface LogKey {
  readonly log: number
  readonly key: Uint8Array
}

/**
 * Whether all that a request needs is at hand: in memory, and for an append also in the index, where that is given and
 * answers at once. The append's request knows its targets then.
 */
export function findNeeds(request: Request, memory: TailMemory, index: KeyIndex | null): boolean {
  switch (request.kind) {
    case 'addActor':
    case 'removeActor':
      return memory.actors.get(request.id) !== undefined
    case 'trim':
    case 'redact':
      return memory.assigned(request.log) !== undefined
    case 'append':
      return hasItems(request, memory) && findTargetsNow(request, memory, index)
  }
}

/** What the index fails to say at once, the look-up finds out, and mends what it can. */
function findTargetsNow(request: AppendRequest, memory: TailMemory, index: KeyIndex | null): boolean {
  try {
    return findTargets(request, memory, index)
  } catch {
    return false
  }
}

/** Whether the logs and keys of all appends are found; the request knows them then. */
function findTargets(request: AppendRequest, memory: TailMemory, index: KeyIndex | null): boolean {
  const { appends } = request.flush
  const [first] = appends
  if (first !== undefined && appends.length === 1) {
    const target = findTarget(first, memory, index, index)
    if (target === undefined) return false
    request.targets = [target]
    return true
  }
  const logIndex = appends.length > APPENDS_ASKED_NOW_MAX ? null : index
  const targets: Target[] = []
  for (const append of appends) {
    const target = findTarget(append, memory, index, logIndex)
    if (target === undefined) return false
    targets.push(target)
  }
  request.targets = targets
  return true
}

/** Asks `keyIndex` for its key, and `logIndex` for its log, where they are given, and memory does not have them. */
function findTarget(
  append: Append,
  memory: TailMemory,
  keyIndex: KeyIndex | null,
  logIndex: KeyIndex | null,
): Target | undefined {
  const { log, key } = append
  let state = memory.assigned(log)
  if (state === undefined && logIndex !== null) state = stateNow(log, memory, logIndex.now)
  if (state === undefined) return undefined
  if (state === null || key === undefined) return { append, state, keyAs: null, known: null, seq: 0 }
  const keyAs = TailMemory.keyOf(state.log, key)
  const inMemory = memory.keys.get(keyAs)
  const known = inMemory === undefined && keyIndex !== null ? keyIndex.now.dedupe(state.log, key) : inMemory
  if (known === undefined) return undefined
  // An absence is not remembered: the record that is to have the key will be.
  if (inMemory === undefined && known !== null) memory.keys.learn(keyAs, known)
  return { append, state, keyAs, known, seq: 0 }
}

function hasItems({ flush: { items } }: AppendRequest, memory: TailMemory): boolean {
  return items === undefined || items.every(item => memory.items.get(item.key) !== undefined)
}

/** The first requests with so many appends in all that they can be looked up together; at least one. */
export function firstOf(requests: readonly Request[]): readonly Request[] {
  let appends = 0
  const end = requests.findIndex(request => {
    appends += request.kind === 'append' ? request.flush.appends.length : 1
    return appends > APPENDS_LOOKED_UP_MAX
  })
  return end === -1 ? requests : requests.slice(0, Math.max(1, end))
}

/**
 * What it brings stays in memory until the requests are taken, and `isLookedUpFor` says so no more.
 * @throws DamagedRangeError, DamagedValueError; whatever LevelDB throws
 */
export async function lookUp(requests: readonly Request[], memory: TailMemory, index: KeyIndex): Promise<void> {
  memory.isLookedUpFor = true
  try {
    await learnAll(requests, memory, index)
  } catch (error) {
    // Mending may take long, and begins anew.
    memory.isLookedUpFor = false
    throw error
  }
}

async function learnAll(requests: readonly Request[], memory: TailMemory, index: KeyIndex): Promise<void> {
  await learnActors(requests.flatMap(actorsOf), memory, index)
  await learnHeads(requests.flatMap(logsOfRequest), memory, index)
  await learnKeys(
    requests.flatMap(request => keysOf(request, memory)),
    memory,
    index,
  )
  const items = requests.flatMap(request => (request.kind === 'append' ? (request.flush.items ?? []) : []))
  for (const { key } of items) await learnItem(key, memory, index)
}

/** @throws DamagedValueError */
export async function learnActors(ids: readonly string[], memory: TailMemory, index: KeyIndex): Promise<void> {
  const unknown = [...new Set(ids)].filter(id => memory.actors.get(id) === undefined)
  if (unknown.length === 0) return
  await memory.actors.pins.holding(unknown, async () => {
    const found = await index.actors(unknown)
    unknown.forEach((id, i) => memory.actors.learn(id, found[i] ?? null))
  })
}

/**
 * A head is trusted only when the entry after its tip is absent, and those at its tip and its first are there: LevelDB
 * can lose a batch and serve an older head.
 * @throws DamagedRangeError, DamagedValueError
 */
export async function learnHeads(names: readonly LogName[], memory: TailMemory, index: KeyIndex): Promise<void> {
  const unknown = new Map<number, LogName>()
  for (const name of names) {
    const actor = memory.actors.get(name.actor)
    if (actor === null || actor === undefined || !actor.isActive) continue
    const log = logNumber(actor.number, name.box)
    if (memory.logs.get(log) === undefined) unknown.set(log, name)
  }
  if (unknown.size === 0) return
  const logs = [...unknown.keys()]
  await memory.logs.pins.holding(logs, async () => {
    const heads = await index.heads(logs)
    const isWhole = await areHeadsWhole(logs, heads, index)
    logs.forEach((log, i) => {
      const name = unknown.get(log)
      const head = heads[i] ?? null
      if (name === undefined || memory.logs.get(log) !== undefined) return
      if (head === null || isWhole[i] !== true) throw new DamagedRangeError(log)
      memory.logs.add(new LogState(log, name, head))
    })
  })
}

async function areHeadsWhole(
  logs: readonly number[],
  heads: readonly (Head | null)[],
  index: KeyIndex,
): Promise<boolean[]> {
  const wanted = heads.flatMap((head, i) => {
    const { first, tip } = head ?? { first: 1, tip: 0 }
    return [first, tip, tip + 1].map(seq => ({ log: logs[i] ?? 0, seq }))
  })
  const has = await index.hasEntries(wanted)
  return heads.map((head, i) => {
    if (head === null) return false
    const [first, tip, next] = has.slice(3 * i, 3 * i + 3)
    return next === false && (head.tip < head.first || (first === true && tip === true))
  })
}

/**
 * One log's state, at once: from memory, or from the index while it answers at once. Null when the actor is not active.
 * Undefined when it takes waiting, or mending: `learnActors` and `learnHeads` find out then.
 */
export function stateNow(name: LogName, memory: TailMemory, index: QuickReads): LogState | null | undefined {
  const actor = memory.actors.settledNow(name.actor) ?? learnActorNow(name.actor, memory, index)
  if (actor === undefined) return undefined
  if (actor === null || !actor.isActive) return null
  const log = logNumber(actor.number, name.box)
  return memory.logs.get(log) ?? learnHeadNow(log, name, memory, index)
}

function learnActorNow(id: string, memory: TailMemory, index: QuickReads): ActorValue | null | undefined {
  // Known: a change is under way, or it is known not to be there.
  if (memory.actors.get(id) !== undefined) return memory.actors.settledNow(id)
  const found = index.actor(id)
  if (found !== undefined) memory.actors.learn(id, found)
  return found
}

function learnHeadNow(log: number, name: LogName, memory: TailMemory, index: QuickReads): LogState | undefined {
  const head = index.head(log)
  if (head === undefined || head === null) return undefined
  if (index.location(log, head.tip + 1) !== null) return undefined
  const ends = head.tip < head.first ? [] : [head.first, head.tip]
  for (const seq of ends) {
    const location = index.location(log, seq)
    if (location === undefined || location === null) return undefined
  }
  const state = new LogState(log, name, head)
  memory.logs.add(state)
  return state
}

/** @throws DamagedValueError */
export async function learnKeys(wanted: readonly LogKey[], memory: TailMemory, index: KeyIndex): Promise<void> {
  const unknown = new Map<string, LogKey>()
  for (const at of wanted) {
    const name = TailMemory.keyOf(at.log, at.key)
    if (memory.keys.get(name) === undefined) unknown.set(name, at)
  }
  if (unknown.size === 0) return
  const names = [...unknown.keys()]
  await memory.keys.pins.holding(names, async () => {
    const found = await index.dedupes([...unknown.values()])
    names.forEach((name, i) => memory.keys.learn(name, found[i] ?? null))
  })
}

/** @throws DamagedValueError */
export async function learnItem(key: string, memory: TailMemory, index: KeyIndex): Promise<void> {
  if (memory.items.get(key) !== undefined) return
  await memory.items.pins.holding([key], async () => memory.items.learn(key, await index.item(key)))
}

function actorsOf(request: Request): readonly string[] {
  if (request.kind === 'append') return request.flush.appends.map(append => append.log.actor)
  return [request.kind === 'addActor' || request.kind === 'removeActor' ? request.id : request.log.actor]
}

function logsOfRequest(request: Request): readonly LogName[] {
  if (request.kind === 'append') return request.flush.appends.map(append => append.log)
  return request.kind === 'trim' || request.kind === 'redact' ? [request.log] : []
}

function keysOf(request: Request, memory: TailMemory): readonly LogKey[] {
  if (request.kind !== 'append') return []
  return request.flush.appends.flatMap(({ log: name, key }) => {
    const state = key === undefined ? null : memory.assigned(name)
    return key === undefined || state === null || state === undefined ? [] : [{ log: state.log, key }]
  })
}
