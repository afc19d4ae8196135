/**
 * Who wants to be told that a log changed. Hints only: they carry nothing, come late, and may come once too often.
 */
import type { LogName } from './types.ts'

/** Watchers of all logs. No log has this name. */
const ALL = ''

export class Watchers {
  readonly #listeners = new Map<string, Set<() => void>>()
  #isClosed = false

  /** Of one log, or of all (null). Returns what ends it. */
  watch(log: LogName | null, listener: () => void): () => void {
    const name = log === null ? ALL : nameOf(log)
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    const own = (): void => listener()
    listeners.add(own)
    if (this.#isClosed) this.#callOne(listeners, own)
    return () => {
      listeners.delete(own)
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) this.#listeners.delete(name)
    }
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0
  }

  notify(logs: Iterable<LogName>): void {
    if (this.isEmpty) return
    const names = new Set<string>()
    for (const log of logs) names.add(nameOf(log))
    if (names.size > 0) names.add(ALL)
    for (const name of names) this.#call(this.#listeners.get(name))
  }

  /** Wakes everybody, and from now on whoever still comes. */
  close(): void {
    this.#isClosed = true
    this.notifyAll()
  }

  notifyAll(): void {
    for (const listeners of this.#listeners.values()) this.#call(listeners)
  }

  #call(listeners: Set<() => void> | undefined): void {
    if (listeners !== undefined) for (const listener of listeners) this.#callOne(listeners, listener)
  }

  /** Unless it is taken back before its turn comes. */
  #callOne(listeners: ReadonlySet<() => void>, listener: () => void): void {
    queueMicrotask(() => {
      if (listeners.has(listener)) listener()
    })
  }
}

function nameOf(log: LogName): string {
  return `${log.box}:${log.actor}`
}
