/**
 * What a host has to add to a key-value store or a database so that it is a store of logs: it gives each record the next
 * sequence of its log, knows each log's tip, and appends nothing twice under one key. Everything runs in one process, so
 * the tips are kept in memory, as twinlog keeps them.
 */
import { sealed } from './checked.mjs'

/**
 * @typedef {{ log: number, seq: number, value: Buffer, key: string | undefined }} Row
 *
 * @typedef {object} Beneath
 * @property {(rows: readonly Row[]) => Promise<unknown>} write resolves when they are as durable as promised
 * @property {(log: number) => number} tipOf what the store says
 * @property {(log: number, key: string) => number | undefined} find
 */

export class Sequencer {
  #beneath
  /** @type {Map<number, number>} */
  #tips = new Map()
  /** @type {Map<string, { seq: number, written: Promise<unknown> }>} */
  #keysUnderWay = new Map()

  /** @param {Beneath} beneath */
  constructor(beneath) {
    this.#beneath = beneath
  }

  /** @param {number} log */
  tip(log) {
    let tip = this.#tips.get(log)
    if (tip === undefined) {
      tip = this.#beneath.tipOf(log)
      this.#tips.set(log, tip)
    }
    return tip
  }

  /**
   * @param {number} log
   * @param {Uint8Array} payload
   * @param {string | undefined} key
   * @returns {Promise<number>}
   */
  async append(log, payload, key) {
    const [seq = 0] = await this.appendMany([{ log, payload, key }])
    return seq
  }

  /**
   * @param {readonly import('./all.mjs').Part[]} parts
   * @returns {Promise<number[]>}
   */
  async appendMany(parts) {
    /** @type {Row[]} */
    const rows = []
    /** @type {Promise<unknown>[]} */
    const waits = []
    /** @type {string[]} */
    const names = []
    /** One body for many logs is sealed once. @type {{ payload: Uint8Array, value: Buffer }} */
    let last = { payload: new Uint8Array(), value: Buffer.alloc(0) }
    const seqs = parts.map(({ log, payload, key }) => {
      if (key !== undefined) {
        const name = `${log} ${key}`
        const underWay = this.#keysUnderWay.get(name)
        if (underWay !== undefined) {
          waits.push(underWay.written)
          return underWay.seq
        }
        const found = this.#beneath.find(log, key)
        if (found !== undefined) return found
        names.push(name)
      }
      const seq = this.tip(log) + 1
      this.#tips.set(log, seq)
      if (last.payload !== payload) last = { payload, value: sealed(payload) }
      rows.push({ log, seq, value: last.value, key })
      return seq
    })
    if (rows.length > 0) {
      const written = this.#beneath.write(rows)
      waits.push(written)
      let at = 0
      for (const { key, seq } of rows)
        if (key !== undefined) this.#keysUnderWay.set(names[at++] ?? '', { seq, written })
    }
    for (const wait of waits) await wait
    for (const name of names) this.#keysUnderWay.delete(name)
    return seqs
  }
}
