/**
 * Keys that must not be forgotten because somebody is between reading them from the index and taking them into memory:
 * else what was changed, indexed and forgotten meanwhile would be overwritten by the older reading.
 */
export class Pins<Key> {
  readonly #counts = new Map<Key, number>()

  has(key: Key): boolean {
    return this.#counts.has(key)
  }

  /** Runs `use` with the keys pinned. */
  async holding<Result>(keys: readonly Key[], use: () => Promise<Result>): Promise<Result> {
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    try {
      return await use()
    } finally {
      for (const key of keys) this.#release(key)
    }
  }

  #release(key: Key): void {
    const left = (this.#counts.get(key) ?? 1) - 1
    if (left === 0) this.#counts.delete(key)
    else this.#counts.set(key, left)
  }
}
