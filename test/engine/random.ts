/** Random numbers from a seed, so that whatever they decided can be decided again. */

/** A whole number from 0 to below the limit; 0 when the limit is 0. */
export type Random = (limit: number) => number

/** Mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed | 0
  return limit => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}
