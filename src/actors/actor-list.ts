/** The actors of a store. */
import type { ActorStatus, LogStore } from '../log-store/types.ts'
import { checkActorId } from './arguments.ts'
import { ACTORS_PER_SLICE } from './engine.ts'
import type { Actors } from './types.ts'

export class ActorList implements Actors {
  readonly #logStore: LogStore

  constructor(logStore: LogStore) {
    this.#logStore = logStore
  }

  async add(id: string): Promise<{ readonly added: boolean }> {
    return this.#logStore.addActor(checkActorId(id))
  }

  async remove(id: string): Promise<{ readonly removed: boolean }> {
    return this.#logStore.removeActor(checkActorId(id))
  }

  async status(id: string): Promise<ActorStatus> {
    return this.#logStore.actorStatus(checkActorId(id))
  }

  async *list(): AsyncGenerator<string, void, undefined> {
    let after = 0
    for (;;) {
      const actors = await this.#logStore.listActors({ after, limit: ACTORS_PER_SLICE })
      for (const { id, epoch } of actors) {
        after = epoch
        yield id
      }
      if (actors.length < ACTORS_PER_SLICE) return
    }
  }
}
