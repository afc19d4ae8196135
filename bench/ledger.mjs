/**
 * What was acknowledged, so that it can be read back: how many records each log got, and of some of them which payload.
 */
import { decoded } from './payloads.mjs'

const WITNESSES_MAX = 500
const WITNESS_EVERY = 37

export class Ledger {
  /** @type {Map<number, number>} */
  #counts = new Map()
  /** @type {{ log: number, seq: number, payload: Uint8Array }[]} */
  #witnesses = []
  #acknowledged = 0

  get acknowledged() {
    return this.#acknowledged
  }

  /**
   * @param {number} log
   * @param {number} seq
   * @param {Uint8Array} payload
   */
  note(log, seq, payload) {
    this.#counts.set(log, (this.#counts.get(log) ?? 0) + 1)
    const i = this.#acknowledged++
    if (i % WITNESS_EVERY !== 0) return
    this.#witnesses[(i / WITNESS_EVERY) % WITNESSES_MAX] = { log, seq, payload }
  }

  /**
   * Every tip is the number of records acknowledged, and the witnesses read as they were given.
   * @param {import('./stores/all.mjs').OpenStore} store
   */
  async verify(store) {
    for (const [log, count] of this.#counts) {
      const tip = await store.tip(log)
      if (tip !== count) throw new Error(`log ${log} has ${tip} records, and ${count} were acknowledged`)
    }
    for (const { log, seq, payload } of this.#witnesses) {
      const found = await store.get(log, seq)
      if (!Buffer.from(payload).equals(found)) throw new Error(`record ${seq} of log ${log} is not what was appended`)
      decoded(found)
    }
    return this.#witnesses.length
  }
}
