/** Runs one workload: the stores take turns, and each failure costs its store alone. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * @typedef {import('./workloads/workload.ts').Case} Case
 * @typedef {import('./timing.mjs').Sample} Sample
 * @typedef {import('./stores/all.mjs').Store} Store
 *
 * @typedef {object} Measured
 * @property {readonly Case[]} cases
 * @property {Readonly<Record<string, Readonly<Record<string, readonly Sample[]>>>>} samples of each case by store, a sample a round
 * @property {Readonly<Record<string, Readonly<Record<string, string>>>>} missing of each case by store, why there are none
 * @property {Readonly<Record<string, string>>} failures of each store that failed
 * @property {number} readBack
 */

/**
 * @template Fixture
 * @param {import('./workloads/workload.ts').Workload<Fixture>} workload
 * @param {object} options
 * @param {readonly Store[]} options.stores
 * @param {import('./scale.mjs').Scale} options.scale
 * @param {string} options.directory
 * @param {(step: string) => void} options.onProgress
 * @returns {Promise<Measured>}
 */
export async function measure(workload, { stores, scale, directory, onProgress }) {
  /** @type {Record<string, Record<string, Sample[]>>} */
  const samples = {}
  /** @type {Record<string, Record<string, string>>} */
  const missing = {}
  /** @type {Record<string, string>} */
  const failures = {}
  const steps = workload.steps(scale)
  const cases = steps.flatMap(step => step.cases)
  for (const { id, needs = [] } of cases) {
    samples[id] = {}
    missing[id] = {}
    for (const store of stores) {
      const lack = [...workload.needs, ...needs].map(need => store.lacks[need]).find(reason => reason !== undefined)
      if (lack === undefined) samples[id][store.name] = []
      else missing[id][store.name] = lack
    }
  }

  /** @type {{ store: Store, context: import('./workloads/workload.ts').Context, fixture: Fixture }[]} */
  const entrants = []
  /**
   * @template Result
   * @param {Store} store
   * @param {() => Promise<Result>} run
   */
  const guarded = async (store, run) => {
    if (failures[store.name] !== undefined) return undefined
    try {
      return await run()
    } catch (error) {
      failures[store.name] = error instanceof Error ? error.message : String(error)
      return undefined
    }
  }
  for (const store of stores.filter(({ lacks }) => !workload.needs.some(need => lacks[need] !== undefined))) {
    onProgress(`${store.name} is made ready`)
    const context = { store, scale, directory: join(directory, store.name.replaceAll(' ', '-')) }
    await mkdir(context.directory, { recursive: true })
    await guarded(store, async () => {
      entrants.push({ store, context, fixture: await workload.open(context) })
    })
  }
  for (const step of steps) await takeTurns(step)
  let readBack = 0
  for (const { store, context, fixture } of entrants) {
    onProgress(`${store.name} is read back`)
    readBack += (await guarded(store, () => workload.close(fixture))) ?? 0
    await rm(context.directory, { recursive: true, force: true })
  }
  for (const [id, byStore] of Object.entries(samples)) {
    for (const [name, list] of Object.entries(byStore)) {
      if (list.length > 0) continue
      delete byStore[name]
      Object.assign(missing[id] ?? {}, { [name]: `failed: ${failures[name] ?? 'no figure'}` })
    }
  }
  return { cases, samples, missing, failures, readBack }

  /** @param {import('./workloads/workload.ts').Step<Fixture>} step */
  async function takeTurns(step) {
    const rounds = step.rounds ?? scale.rounds
    const able = entrants.filter(({ store }) => step.cases.some(({ id }) => samples[id]?.[store.name] !== undefined))
    const first = step.isCold === true || scale.warmMs === 0 ? 0 : -1
    for (let round = first; round < rounds; round += 1) {
      const turn = Math.max(0, round) % Math.max(1, able.length)
      for (const { store, context, fixture } of [...able.slice(turn), ...able.slice(0, turn)]) {
        onProgress(
          `${step.cases[0]?.title ?? ''} · ${round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`} · ${store.name}`,
        )
        const ms = round < 0 ? scale.warmMs : scale.boxMs
        const found = await guarded(store, () => step.run(fixture, { round, ms, context }))
        if (round < 0 || found === undefined) continue
        for (const [id, sample] of Object.entries(found)) samples[id]?.[store.name]?.push(sample)
      }
    }
  }
}
