/** How far a tool is, told now and then: what is done, of how much, how fast, and how long the rest will take. */

export interface ToolProgress {
  readonly task: 'verify' | 'salvage' | 'backup' | 'restore' | 'diff'
  readonly doneBytes: number
  readonly totalBytes: number
  /** 0 while nothing can be said yet. */
  readonly bytesPerSecond: number
  /** Null while nothing can be said yet. */
  readonly secondsLeft: number | null
}

/** What every tool takes. */
export interface ToolOptions {
  /** Ends the tool; its reason is thrown. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ToolProgress) => void
}

const TELL_MS = 100

export class Progress {
  readonly #task: ToolProgress['task']
  readonly #options: ToolOptions
  readonly #totalBytes: number
  readonly #startedAt = performance.now()
  #toldAt = -Infinity

  constructor(task: ToolProgress['task'], totalBytes: number, options: ToolOptions) {
    this.#task = task
    this.#totalBytes = totalBytes
    this.#options = options
  }

  /** Call often. @throws the signal's reason */
  at(doneBytes: number): void {
    this.#options.signal?.throwIfAborted()
    if (this.#options.onProgress === undefined) return
    const now = performance.now()
    if (now - this.#toldAt < TELL_MS) return
    this.#tell(doneBytes, now)
  }

  end(): void {
    this.#tell(this.#totalBytes, performance.now())
  }

  #tell(doneBytes: number, now: number): void {
    this.#toldAt = now
    const seconds = (now - this.#startedAt) / 1000
    const bytesPerSecond = seconds === 0 ? 0 : doneBytes / seconds
    const left = Math.max(0, this.#totalBytes - doneBytes)
    const secondsLeft = bytesPerSecond === 0 ? null : left / bytesPerSecond
    const totalBytes = this.#totalBytes
    this.#options.onProgress?.({ task: this.#task, doneBytes, totalBytes, bytesPerSecond, secondsLeft })
  }
}

const OPTION_TYPES = {
  signal: 'object',
  onProgress: 'function',
  onFinding: 'function',
  actor: 'string',
  box: 'string',
  copy: 'boolean',
  ignoreIndex: 'boolean',
} as const

/** A misspelt option, or one of a wrong type, must not make a tool do something else than was meant. */
export function checkToolOptions(tool: string, options: unknown, names: readonly (keyof typeof OPTION_TYPES)[]): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('options must be an object')
  const allowed: readonly string[] = ['signal', 'onProgress', ...names]
  for (const [name, value] of Object.entries(options)) {
    if (!allowed.includes(name)) throw new TypeError(`${tool} has no option ${name}`)
    const type = OPTION_TYPES[name as keyof typeof OPTION_TYPES]
    if (value !== undefined && typeof value !== type) throw new TypeError(`${name} must be a ${type}`)
    if (name === 'signal' && value !== undefined && !(value instanceof AbortSignal))
      throw new TypeError('signal must be an AbortSignal')
  }
}
