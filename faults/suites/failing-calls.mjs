/**
 * The N-th call fails: each kind of call on the store's files, each N, once or from then on. Nothing acknowledged may be
 * lost, errors are typed, a store whose log could not be written is poisoned, and opening it again heals it.
 */
import { rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { randomFrom } from '../../bench/workload.mjs'
import { runWriter } from '../child.mjs'
import { CLOSING_MARK, lossesAt } from '../oracle.mjs'

const WAVES = 8
const { EIO, ENOSPC, EMFILE } = constants.errno
/** What may go wrong with each kind of call. @type {Readonly<Record<string, readonly number[]>>} */
const ERRORS = {
  write: [EIO, ENOSPC],
  sync: [EIO, ENOSPC],
  rename: [EIO, ENOSPC],
  open: [EMFILE, EIO, ENOSPC],
  unlink: [EIO],
  mkdir: [EIO, ENOSPC],
  link: [EIO],
}
/** What an operation of a store may say to a host whose disk fails. */
const TYPED = new Set(['OUTCOME_UNKNOWN', 'NOT_WRITTEN', 'POISONED', 'LOW_SPACE', 'IO_ERROR', 'INDEX_FAILED'])

/**
 * @typedef {{ kind: string, number: number, errno: number, how: 'once' | 'sticky' | 'short', isLog: boolean }} Fault
 * @typedef {import('../oracle.mjs').Event} Event
 */

/** @type {import('../suite.mjs').Suite} */
export const failingCalls = {
  name: 'failing calls',
  tried: 'faults',
  count: { short: 150, long: Number.POSITIVE_INFINITY, planted: 150 },
  async run(context) {
    const { calls } = await runWriter(context.dist, join(context.folder, 'counted'), { waves: WAVES, shim: {} })
    const faults = inTurns(shuffled(faultsFor(calls), randomFrom(context.seed)))
    if (faults.length === 0) throw new Error('the shim saw no calls')
    for (const fault of faults) {
      if (context.isDone()) break
      await tryFault(context, fault)
    }
  },
}

/**
 * @param {readonly import('../child.mjs').Call[]} calls
 * @returns {Fault[]}
 */
function faultsFor(calls) {
  return Object.entries(ERRORS).flatMap(([kind, errors]) => {
    const ofKind = calls.filter(call => call.kind === kind)
    return ofKind.flatMap(({ path }, i) =>
      errors.flatMap(errno => {
        const hows = kind === 'write' && errno === ENOSPC ? ['once', 'sticky', 'short'] : ['once', 'sticky']
        return hows.map(
          how => /** @type {Fault} */ ({ kind, number: i + 1, errno, how, isLog: path.startsWith('/segments') }),
        )
      }),
    )
  })
}

/**
 * @template Item
 * @param {readonly Item[]} items
 * @param {(bound: number) => number} random
 */
function shuffled(items, random) {
  const left = [...items]
  for (let i = left.length - 1; i > 0; i -= 1) {
    const j = random(i + 1)
    ;[left[i], left[j]] = [/** @type {Item} */ (left[j]), /** @type {Item} */ (left[i])]
  }
  return left
}

/**
 * One of each kind of fault after the other, those of the log apart, so that a short run has some of each.
 * @param {readonly Fault[]} faults
 */
function inTurns(faults) {
  /** @type {Map<string, number>} */
  const turns = new Map()
  return faults
    .map(fault => {
      const kind = `${fault.kind} ${fault.how} ${fault.isLog}`
      const turn = turns.get(kind) ?? 0
      turns.set(kind, turn + 1)
      return { fault, turn }
    })
    .toSorted((a, b) => a.turn - b.turn)
    .map(({ fault }) => fault)
}

/**
 * @param {import('../suite.mjs').Context} context
 * @param {Fault} fault
 */
async function tryFault(context, fault) {
  const { kind, number, errno, how } = fault
  const store = join(context.folder, `store ${kind} ${number} ${errno} ${how}`)
  const shim = {
    FAULT_FAIL: `${kind}:${number}:${errno}`,
    ...(how === 'sticky' ? { FAULT_STICKY: '1' } : {}),
    ...(how === 'short' ? { FAULT_SHORT: '1' } : {}),
  }
  const run = await runWriter(context.dist, store, { waves: WAVES, shim })
  context.tried()
  const at = `${kind} ${number} with errno ${errno}, ${how}`
  for (const loss of misbehaviour(run, fault)) context.lose(`${at}: ${loss}`)
  for (const loss of await lossesAt(context.engine, store, run.events)) context.lose(`${at}, reopened: ${loss}`)
  rmSync(store, { recursive: true, force: true })
}

/**
 * @param {import('../child.mjs').Run} run
 * @param {Fault} fault
 */
function misbehaviour({ events, calls, status, signal, errors }, { kind, how }) {
  /** @type {string[]} */
  const wrong = []
  if (status !== 0) return [`the process ended with ${status ?? signal}: ${errors.slice(0, 500)}`]
  const failures = events.filter(event => event.t === 'refused' || event.t === 'failed')
  for (const { code } of failures) if (!TYPED.has(code)) wrong.push(`untyped: ${code}`)
  wrong.push(...carriesOn(events))
  if (kind === 'sync' && needsTelling(calls) && failures.length === 0)
    wrong.push('a sync of the log failed, and nobody was told')
  const isHealed = events.some((event, i) => event.t === 'opened' && !isBad(events.slice(i + 1)))
  if (how !== 'sticky' && !isHealed) wrong.push('opened again, it is not healed')
  return wrong
}

/**
 * A sync of the log failed while appends rested on it. While the store is closed none do: all are on disk by then.
 * @param {readonly import('../child.mjs').Call[]} calls
 */
function needsTelling(calls) {
  let isClosing = false
  for (const { path, what } of calls) {
    if (path === CLOSING_MARK) isClosing = true
    else if (path === '/lock') isClosing = false
    else if (what === 'failed' && path.startsWith('/segments') && !isClosing) return true
  }
  return false
}

/** @param {readonly Event[]} events */
function isBad(events) {
  const end = events.findIndex(event => event.t === 'state')
  const session = end === -1 ? events : events.slice(0, end + 1)
  return end === -1 || session.some(event => event.t === 'refused' || (event.t === 'state' && event.state !== 'open'))
}

/**
 * After a frame whose outcome is unknown, nothing is acknowledged until the store is opened again.
 * @param {readonly Event[]} events
 */
function carriesOn(events) {
  let isPoisoned = false
  for (const event of events) {
    if (event.t === 'opened') isPoisoned = false
    else if (event.t === 'refused' && event.code === 'OUTCOME_UNKNOWN') isPoisoned = true
    else if (event.t === 'state') {
      if (isPoisoned && event.state !== 'poisoned') return [`after a failed write the store is ${event.state}`]
    } else if (isPoisoned && (event.t === 'append' || event.t === 'flush'))
      return ['it carries on after a failed write']
  }
  return []
}
