/**
 * Group commit, as one would write it over a store whose writes wait for the disk: one group is being written, and all
 * that comes meanwhile goes into the next.
 * @template Item
 */
export class GroupCommit {
  #write
  /** @type {{ items: readonly Item[], resolve: () => void, reject: (error: unknown) => void }[]} */
  #waiting = []
  #isScheduled = false
  #isWriting = false

  /** @param {(items: readonly Item[]) => Promise<void> | void} write resolves when the items are as durable as promised */
  constructor(write) {
    this.#write = write
  }

  /**
   * Resolves when the items, which stay together, are written.
   * @param {readonly Item[]} items
   * @returns {Promise<void>}
   */
  add(items) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject })
      this.#schedule()
    })
  }

  #schedule() {
    if (this.#isScheduled || this.#isWriting) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      void this.#commit()
    })
  }

  async #commit() {
    const group = this.#waiting
    this.#waiting = []
    this.#isWriting = true
    try {
      await this.#write(group.length === 1 ? (group[0]?.items ?? []) : group.flatMap(({ items }) => items))
      for (const { resolve } of group) resolve()
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
    this.#isWriting = false
    if (this.#waiting.length > 0) this.#schedule()
  }
}
