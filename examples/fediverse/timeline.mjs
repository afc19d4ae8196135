/**
 * What each of our own has to read: the posts of their inboxes, the newest first. A projection of the store keeps it up to
 * date, and goes on from its last snapshot after a restart. It can be thrown away: the inboxes say it all.
 */

/** @typedef {import('./activity.mjs').Activity} Activity */
/** @typedef {{ from: string, content: string }} Post */
/** @typedef {Record<string, Post[]>} Timelines from the ids of our own */

const POSTS_MAX = 100

export class Timeline {
  /** Activities that were looked at since the store was opened. */
  lookedAt = 0
  #projection
  #stop = new AbortController()
  #running

  /** @param {import('twinlog').Store} store */
  constructor(store) {
    this.#projection = store.projection({
      name: 'timeline',
      version: 1,
      boxes: ['inbox'],
      init: () => ({}),
      apply: (timelines, record) => {
        this.lookedAt++
        return withPost(timelines, record.actor, /** @type {Activity} */ (record.value))
      },
    })
    this.#running = this.#projection.run({ signal: this.#stop.signal })
    this.#running.catch(console.error)
  }

  /** With all in it that was accepted before the call. @param {string} id @returns {Promise<Post[]>} */
  async of(id) {
    await this.#projection.caughtUp()
    return /** @type {Timelines | undefined} */ (this.#projection.state)?.[id] ?? []
  }

  async stop() {
    this.#stop.abort()
    await this.#running
  }
}

/** @param {Timelines} timelines @param {string} reader @param {Activity} activity @returns {Timelines} */
function withPost(timelines, reader, { type, actor, object }) {
  if (type !== 'Create' || typeof object !== 'object' || object === null) return timelines
  const { content } = /** @type {{ content?: unknown }} */ (object)
  if (typeof content !== 'string') return timelines
  const posts = [{ from: String(actor), content }, ...(timelines[reader] ?? [])]
  return { ...timelines, [reader]: posts.slice(0, POSTS_MAX) }
}
