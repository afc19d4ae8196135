/**
 * Puts what a request asks for into the frame that fills. A request is decided here, at its turn, and its answer waits for
 * whatever it rests on.
 */
import type { CommitLog } from '../../commit-log/commit-log.ts'
import { addActor, addAppends, addItem } from './entries.ts'
import type { FrameBatch, Ticket } from './frame-batch.ts'
import { planAppends, planItems } from './plan-flush.ts'
import type { AppendRequest, Request } from './requests.ts'
import type { TailMemory } from './tail-memory.ts'
import { writeRedaction, writeTrim } from './taking-away.ts'

/** Whether it takes something away: what the host needs most when the disk is full. */
export function isTakingAway({ kind }: Request): boolean {
  return kind === 'trim' || kind === 'redact' || kind === 'removeActor'
}

/** @throws why the request is refused */
export function writeRequest(log: CommitLog, batch: FrameBatch, memory: TailMemory, request: Request): Ticket {
  if (request.kind === 'append') return writeAppend(log, batch, memory, request)
  return { answer: writeOther(log, batch, memory, request), fail: request.reject }
}

/** A flush is its own ticket: there are many of them. */
function writeAppend(log: CommitLog, batch: FrameBatch, memory: TailMemory, request: AppendRequest): Ticket {
  const { items } = request.flush
  const outcomes = planAppends(request, memory)
  const planned = items === undefined ? null : planItems(items, memory)
  addAppends(log, batch, request)
  if (planned !== null) for (const item of planned) addItem(log, batch, item)
  request.written(outcomes)
  return request
}

function writeOther(
  log: CommitLog,
  batch: FrameBatch,
  memory: TailMemory,
  request: Exclude<Request, AppendRequest>,
): () => void {
  switch (request.kind) {
    case 'addActor': {
      const { id, resolve } = request
      if (memory.actors.get(id)?.isActive === true) return () => resolve({ added: false })
      const number = log.nextLog / 2
      log.nextLog += 2
      addActor(log, batch, { kind: 'actorAdded', id, number })
      return () => resolve({ added: true })
    }
    case 'removeActor': {
      const { id, resolve } = request
      const actor = memory.actors.get(id)
      if (actor?.isActive !== true) return () => resolve({ removed: false })
      addActor(log, batch, { kind: 'actorRemoved', id, number: actor.number })
      return () => resolve({ removed: true })
    }
    case 'trim':
      return writeTrim(log, batch, memory, request)
    case 'redact':
      return writeRedaction(log, batch, memory, request)
  }
}
