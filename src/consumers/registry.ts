/** All consumers that a store knows of, at work or not. */
import type { Engine } from '../actors/engine.ts'
import { type ConsumerState, statesOf } from './consumer-state.ts'
import { FeedSource, LogSource } from './source.ts'
import type { ConsumerListing, ConsumerStatus } from './types.ts'
import { allDead, allPending } from './worker-items.ts'

/** In the order of their names. @param ofThisProcess the status of one that was asked for in this process */
export async function listConsumers(
  engine: Engine,
  ofThisProcess: (name: string, kind: ConsumerState['kind']) => Promise<ConsumerStatus> | null,
): Promise<readonly ConsumerListing[]> {
  const { logStore } = engine
  const listed: ConsumerListing[] = []
  for await (const [name, state] of statesOf(logStore)) {
    const isWorker = state.kind === 'worker'
    listed.push({
      ...((await ofThisProcess(name, state.kind)) ?? (await statusOf(engine, name, state))),
      depth: isWorker ? await countOf(allPending(logStore, name)) : null,
      dead: isWorker ? await countOf(allDead(logStore, name)) : null,
    })
  }
  return listed
}

async function statusOf(engine: Engine, name: string, state: ConsumerState): Promise<ConsumerStatus> {
  const { kind, log, boxes, actors, at, movedAt } = state
  const filter = { boxes: boxes ?? undefined, actors: actors === null ? undefined : new Set(actors) }
  const source = log === null ? new FeedSource(engine, filter) : new LogSource(engine, log)
  return {
    name,
    kind,
    log,
    position: source.positionAt(at),
    seq: log === null ? null : at[1],
    lag: await source.lagAt(at),
    movedAt,
    state: 'stopped',
    error: null,
  }
}

export async function countOf(all: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const _ of all) count += 1
  return count
}
