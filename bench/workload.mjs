/**
 * What the benches append: made-up text, the same in every process, and a loop that keeps so many appends under way.
 */

const TEXT_BYTES = 1 << 20
const WORDS = ['alder', 'birch', 'cedar', 'elder', 'hazel', 'larch', 'maple', 'rowan', 'willow', 'and', 'of', 'under']

/**
 * Random integers below `bound`, the same ones for the same seed (mulberry32).
 * @param {number} seed
 * @returns {(bound: number) => number}
 */
export function randomFrom(seed) {
  let state = seed
  return bound => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }
}

const text = makeText()

function makeText() {
  const random = randomFrom(1)
  let made = ''
  while (made.length < TEXT_BYTES) made += `${WORDS[random(WORDS.length)]} `
  return made
}

/**
 * @param {number} number
 * @param {number} length
 */
export function textOf(number, length) {
  const start = (number * 7919) % (TEXT_BYTES - length)
  return text.slice(start, start + length)
}

/** @param {number} number */
export function actorId(number) {
  return `https://social.example.com/users/${number}`
}

/**
 * Runs `run` for 0 to `count` - 1, with `width` calls under way at any time.
 * @param {number} count
 * @param {number} width
 * @param {(i: number) => Promise<unknown>} run
 */
export async function inParallel(count, width, run) {
  let next = 0
  const worker = async () => {
    while (next < count) await run(next++)
  }
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker))
}
