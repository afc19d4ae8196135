/** Which log the next record goes to. */
import { randomFrom } from './workload.mjs'

const ZIPF_EXPONENT = 1

/** @typedef {'one' | 'uniform' | 'zipf'} Spread */

/**
 * @param {Spread} spread
 * @param {number} logs
 * @param {number} seed
 * @returns {() => number}
 */
export function logPicker(spread, logs, seed) {
  const random = randomFrom(seed)
  if (spread === 'one') return () => 0
  if (spread === 'uniform') return () => random(logs)
  const sums = new Float64Array(logs)
  let sum = 0
  for (let i = 0; i < logs; i += 1) sums[i] = sum += (i + 1) ** -ZIPF_EXPONENT
  return () => below(sums, (random(2 ** 31) / 2 ** 31) * sum)
}

/**
 * The first place whose sum is above the target.
 * @param {Float64Array} sums
 * @param {number} target
 */
function below(sums, target) {
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sums[middle] ?? 0) > target) high = middle
    else low = middle + 1
  }
  return low
}
