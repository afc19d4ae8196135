// twinlog and Fedify deliver to each other over the loopback interface. `npm run test:interop` installs what this needs
// and runs it.
import { casesFromFedify } from './from-fedify.mjs'
import { casesFromTwinlog } from './from-twinlog.mjs'
import { startFedify } from './fedify-side.mjs'
import { startTwinlog } from './twinlog-side.mjs'

/**
 * @typedef {Awaited<ReturnType<typeof startTwinlog>>} Twinlog
 * @typedef {Awaited<ReturnType<typeof startFedify>>} Fedify
 * @typedef {object} Sides
 * @property {Twinlog} twinlog
 * @property {{ readonly cavage: Fedify, readonly rfc9421: Fedify }} fedify two servers, named after the form they sign with
 * @typedef {object} Case
 * @property {string} title
 * @property {() => Promise<string>} run returns what came of it
 */

const CASE_MS_MAX = 20_000

const twinlog = await startTwinlog()
const fedify = {
  cavage: await startFedify({ firstKnock: 'draft-cavage-http-signatures-12' }),
  rfc9421: await startFedify({ firstKnock: 'rfc9421' }),
}
const sides = { twinlog, fedify }
const groups = [
  { name: 'Fedify → twinlog', cases: casesFromFedify(sides) },
  { name: 'twinlog → Fedify', cases: casesFromTwinlog(sides) },
]
const width = Math.max(...groups.flatMap(({ cases }) => cases.map(({ title }) => title.length)))
let [passed, failed] = [0, 0]
for (const { name, cases } of groups) {
  console.log(`\n${name}`)
  for (const { title, run } of cases) {
    try {
      const outcome = await withinTime(run())
      passed++
      console.log(`  passed  ${title.padEnd(width)}  ${outcome}`)
    } catch (error) {
      failed++
      console.log(`  FAILED  ${title.padEnd(width)}  ${error instanceof Error ? error.stack : String(error)}`)
    }
  }
}
await Promise.all([fedify.cavage.close(), fedify.rfc9421.close()])
await twinlog.close()
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/**
 * @template Value
 * @param {Promise<Value>} promise
 * @returns {Promise<Value>}
 */
async function withinTime(promise) {
  const { promise: late, reject } = Promise.withResolvers()
  const timer = setTimeout(() => reject(new Error(`no answer within ${CASE_MS_MAX} ms`)), CASE_MS_MAX)
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
