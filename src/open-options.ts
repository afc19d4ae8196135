/**
 * What the entry functions share: options are checked before anything is done, and long work is reported with its rate.
 * Used by open.ts and rebuild-index.ts.
 */
import { TwinlogError } from './errors.ts'

export interface OpenProgress {
  /**
   * `scrub`: the index is checked before it is used. `replay`: commits that it lacks are put into it. `rebuild`: it is
   * made anew from all commits. `scan`: a read-only store is read.
   */
  readonly task: 'scrub' | 'replay' | 'rebuild' | 'scan'
  readonly done: number
  /** Null when unknown. */
  readonly total: number | null
  /** `bytes` for `scrub`. */
  readonly unit: 'commits' | 'bytes'
  /** Units a second since the task began. */
  readonly rate: number
}

/** Gives long work its rate and its unit. */
export function progressReporter(
  onProgress: (progress: OpenProgress) => void = () => {},
): (task: OpenProgress['task'], done: number, total: number | null) => void {
  let current: OpenProgress['task'] | null = null
  let began = performance.now()
  let latest = began
  return (task, done, total) => {
    if (task !== current) began = latest
    current = task
    latest = performance.now()
    const rate = Math.round((1000 * done) / Math.max(1, latest - began))
    onProgress({ task, done, total, unit: task === 'scrub' ? 'bytes' : 'commits', rate })
  }
}

export type OptionType = 'boolean' | 'number' | 'string' | 'function' | 'object'

/** A misspelt option, or one of a wrong type, must not do something else than was meant. */
export function checkOptions(caller: string, types: Readonly<Record<string, OptionType>>, options: unknown): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('options must be an object')
  for (const [name, value] of Object.entries(options)) {
    const type = Object.hasOwn(types, name) ? types[name] : undefined
    if (type === undefined) throw new TypeError(`${caller} has no option ${name}`)
    if (value !== undefined && typeof value !== type) throw new TypeError(`${name} must be a ${type}`)
  }
}

export function inRange(name: string, given: number | undefined, min: number, max: number, fallback: number): number {
  const value = given ?? fallback
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new TwinlogError('OUT_OF_RANGE', `${name} must be a whole number from ${min} to ${max}`, {
    argument: name,
    value,
    min,
    max,
  })
}

export function oneOf<Value extends string>(name: string, value: Value, allowed: readonly Value[]): Value {
  if (allowed.includes(value)) return value
  throw new TypeError(`${name} must be one of ${allowed.join(', ')}`)
}
