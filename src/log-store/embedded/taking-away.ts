/** What takes something out of a log: each decides at its turn, and returns what to answer once its frame is there. */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import { TwinlogError } from '../../errors.ts'
import { actorNumberOfLog } from '../change.ts'
import type { EpochBounds } from '../types.ts'
import { addBounds, addRedaction } from './entries.ts'
import type { FrameBatch } from './frame-batch.ts'
import type { LogState } from './log-state.ts'
import type { Request } from './requests.ts'
import type { TailMemory } from './tail-memory.ts'

/** @throws OUT_OF_RANGE */
export function writeTrim(
  log: CommitLog,
  batch: FrameBatch,
  memory: TailMemory,
  request: Request & { readonly kind: 'trim' },
): () => void {
  const state = memory.assigned(request.log)
  if (state === null || state === undefined) return () => request.resolve(null)
  const { before } = request
  assertInRange('before', before, state.tip + 1)
  if (before > state.first) addBounds(log, batch, state, before)
  const bounds = boundsOf(state)
  return () => request.resolve(bounds)
}

/** @throws OUT_OF_RANGE */
export function writeRedaction(
  log: CommitLog,
  batch: FrameBatch,
  memory: TailMemory,
  { log: name, seq, left, resolve }: Request & { readonly kind: 'redact' },
): () => void {
  const state = memory.assigned(name)
  if (state === null || state === undefined) return () => resolve(null)
  assertInRange('seq', seq, state.tip)
  const redacted = left !== null && left !== undefined
  if (redacted) addRedaction(log, batch, state, { seq, left })
  const bounds = boundsOf(state)
  return () => resolve({ bounds, redacted })
}

/** With everything assigned. */
function boundsOf({ log, first, tip }: LogState): EpochBounds {
  return { epoch: actorNumberOfLog(log), first, tip }
}

function assertInRange(argument: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return
  throw new TwinlogError('OUT_OF_RANGE', `${argument} must be from 1 to ${max}`, { argument, value, min: 1, max })
}
