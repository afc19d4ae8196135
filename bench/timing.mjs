/** Runs something over and over for so long, and says how often, how slowly, and what it took of the processor. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

const STALL_RESOLUTION_MS = 1

/**
 * @typedef {object} Sample what one measurement found
 * @property {number} value the figure that is compared
 * @property {Readonly<Record<string, number>>} facts what else it says
 */

/**
 * @typedef {object} Timed
 * @property {number} count
 * @property {number} seconds
 * @property {number} perSecond
 * @property {Readonly<Record<string, number>>} facts
 */

/**
 * Keeps `width` calls under way until the time is over, or `countMax` calls have been made.
 * @param {{ ms: number, width: number, countMax?: number }} box
 * @param {(i: number) => unknown} run
 * @param {() => unknown} [settle] work that was put off: not in the time, but in the processor time
 * @returns {Promise<Timed>}
 */
export async function timed({ ms, width, countMax = Infinity }, run, settle) {
  const waits = new Waits()
  const delay = monitorEventLoopDelay({ resolution: STALL_RESOLUTION_MS })
  delay.enable()
  const cpuBefore = process.cpuUsage()
  const started = performance.now()
  const end = started + ms
  let next = 0
  const worker = async () => {
    let now = performance.now()
    do {
      const asked = now
      await run(next++)
      now = performance.now()
      waits.add(now - asked)
    } while (now < end && next < countMax)
  }
  await Promise.all(Array.from({ length: width }, worker))
  const seconds = (performance.now() - started) / 1000
  delay.disable()
  await settle?.()
  const cpu = process.cpuUsage(cpuBefore)
  const stallMs = Math.max(0, delay.max / 1e6 - STALL_RESOLUTION_MS)
  const stallP99Ms = Math.max(0, delay.percentile(99) / 1e6 - STALL_RESOLUTION_MS)
  const facts = { ...waits.percentiles(), stallMs, stallP99Ms, cpuUs: (cpu.user + cpu.system) / next }
  return { count: next, seconds, perSecond: next / seconds, facts }
}

/** Milliseconds that were waited. */
export class Waits {
  #all = new Float64Array(1024)
  #count = 0

  /** @param {number} ms */
  add(ms) {
    if (this.#count === this.#all.length) {
      const larger = new Float64Array(2 * this.#count)
      larger.set(this.#all)
      this.#all = larger
    }
    this.#all[this.#count++] = ms
  }

  percentiles() {
    const sorted = this.#all.subarray(0, this.#count).toSorted()
    const at = (/** @type {number} */ share) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), worstMs: sorted.at(-1) ?? 0 }
  }
}
