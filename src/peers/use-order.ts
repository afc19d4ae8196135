/**
 * Ids in the order of their last use. Every step takes constant time, which a `Map` would not: finding its first key
 * takes time in how many were deleted before it.
 */
export interface Use {
  readonly id: string
  older: Use | undefined
  newer: Use | undefined
}

export class UseOrder {
  #oldest: Use | undefined
  #newest: Use | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get oldest(): string | undefined {
    return this.#oldest?.id
  }

  /** As the one that was used last. */
  add(id: string): Use {
    const use: Use = { id, older: this.#newest, newer: undefined }
    if (this.#newest === undefined) this.#oldest = use
    else this.#newest.newer = use
    this.#newest = use
    this.#size += 1
    return use
  }

  /** What `add` gave, and at most once: it is of no order after that. */
  remove({ older, newer }: Use): void {
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    this.#size -= 1
  }
}
