/**
 * One fetch at a time for each peer. Whoever asks meanwhile waits for the same one, and shares its result or error. The
 * slot is free again once the fetch ended, took too long, or nobody waits any more; what a fetch brings after that is
 * dropped, and its signal has said so.
 */

/** What came of a fetch: what it returned, or what it threw. */
export type Outcome = { readonly returned: unknown } | { readonly thrown: unknown }

interface Flight<Result> {
  readonly result: Promise<Result>
  readonly fail: (reason: unknown) => void
  waiters: number
}

interface FlightRules<Result> {
  readonly timeoutMs: number
  /** Makes the result of an outcome, in one step: the slot is freed together with it. */
  readonly land: (peerId: string, outcome: Outcome) => Result
  readonly timedOut: (peerId: string) => Error
}

export class Flights<Result> {
  readonly #rules: FlightRules<Result>
  readonly #flights = new Map<string, Flight<Result>>()

  constructor(rules: FlightRules<Result>) {
    this.#rules = rules
  }

  /** Rejects with the reason of `signal` when it aborts; others wait on. */
  async join(peerId: string, fetch: (signal: AbortSignal) => unknown, signal?: AbortSignal): Promise<Result> {
    signal?.throwIfAborted()
    const flight = this.#flights.get(peerId) ?? this.#start(peerId, fetch)
    flight.waiters += 1
    let onAbort: (() => void) | undefined
    const aborted = new Promise<never>((_, reject) => {
      // The reason is the host's own, and need not be an error.
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      onAbort = () => reject(signal?.reason)
      signal?.addEventListener('abort', onAbort)
    })
    try {
      return await Promise.race([flight.result, aborted])
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
      flight.waiters -= 1
      if (flight.waiters === 0) flight.fail(signal?.reason)
    }
  }

  failAll(reason: Error): void {
    for (const flight of this.#flights.values()) flight.fail(reason)
  }

  #start(peerId: string, fetch: (signal: AbortSignal) => unknown): Flight<Result> {
    const controller = new AbortController()
    const { promise, resolve, reject } = deferred<Result>()
    let ended = false
    const end = (settle: () => void): void => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      this.#flights.delete(peerId)
      settle()
    }
    const fail = (reason: unknown): void =>
      end(() => {
        reject(reason)
        controller.abort(reason)
      })
    const land = (outcome: Outcome): void =>
      end(() => {
        try {
          resolve(this.#rules.land(peerId, outcome))
        } catch (error) {
          reject(error)
        }
      })
    const timer = setTimeout(() => fail(this.#rules.timedOut(peerId)), this.#rules.timeoutMs)
    const flight: Flight<Result> = { result: promise, fail, waiters: 0 }
    this.#flights.set(peerId, flight)
    promise.catch(() => undefined)
    void (async () => fetch(controller.signal))().then(
      returned => land({ returned }),
      (thrown: unknown) => land({ thrown }),
    )
    return flight
  }
}

function deferred<Result>(): {
  readonly promise: Promise<Result>
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
} {
  let resolve!: (result: Result) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<Result>((onResult, onError) => {
    resolve = onResult
    reject = onError
  })
  return { promise, resolve, reject }
}
