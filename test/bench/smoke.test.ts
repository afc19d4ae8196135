/**
 * The bench itself stays alive: every workload, tiny, over the stores that the main install has. Nothing here asserts a
 * time. The bench measures what is built: `npm run build` first.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WorkloadSummary } from '../../bench/report/summary.mjs'
import { workloads } from '../../bench/workloads/all.mjs'
import { root } from '../project/sources.ts'

interface Results {
  readonly scale: string
  readonly stores: readonly { readonly name: string; readonly reason: string | null }[]
  readonly workloads: readonly WorkloadSummary[]
}

const SHARED_MEMORY = '/dev/shm'
const SHARED_MEMORY_BYTES_MIN = 2 ** 30
const HOOK_MS_MAX = 900_000

const names = workloads.map(({ name }) => name)
let out = ''
let results: Results

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'twinlog-test-bench-'))
  const args = ['bench/main.mjs', '--smoke', '--no-install', '--peer', 'classic-level', '--peer', 'bare', '--json']
  const options = { cwd: root, maxBuffer: 64 * 1024 * 1024 }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...args, '--out', out, '--dir', await roomFor()],
    options,
  )
  results = JSON.parse(stdout) as Results
}, HOOK_MS_MAX)

afterAll(() => rm(out, { recursive: true, force: true }))

/** Where a sync costs nothing, if there is such a place: nothing here depends on one. */
async function roomFor(): Promise<string> {
  const { bavail, bsize } = await statfs(SHARED_MEMORY).catch(() => ({ bavail: 0, bsize: 0 }))
  return bavail * bsize > SHARED_MEMORY_BYTES_MIN ? SHARED_MEMORY : out
}

it('runs every workload on the stores that were asked for', () => {
  expect(results.scale).toBe('smoke')
  expect(results.stores.map(({ name, reason }) => [name, reason])).toEqual([
    ['twinlog', null],
    ['classic-level', null],
    ['bare file', null],
  ])
  expect(results.workloads.map(({ name }) => name)).toEqual(names)
})

it('leaves nothing behind but its results', async () => {
  const files = ['latest.json', ...names.map(name => `${name}.svg`)]
  expect((await readdir(out)).toSorted()).toEqual(files.toSorted())
})

it('writes what it printed', async () => {
  expect(JSON.parse(await readFile(join(out, 'latest.json'), 'utf8'))).toEqual(results)
})

describe.each(names)('%s', name => {
  const workload = (): WorkloadSummary => results.workloads.find(each => each.name === name)!

  it('fails for no store, and reads back what it appended', () => {
    expect(workload().failures).toEqual({})
    expect(workload().readBack).toBeGreaterThan(0)
  })

  it('has a figure of each store in each row, or says why not', () => {
    expect(workload().cases.length).toBeGreaterThan(0)
    for (const { id, figures, missing } of workload().cases) {
      expect([...Object.keys(figures), ...Object.keys(missing)].toSorted(), id).toEqual(workload().columns.toSorted())
      expect(figures['twinlog']!.median, id).toBeGreaterThanOrEqual(0)
      for (const { median, min, max } of Object.values(figures)) expect(min <= median && median <= max, id).toBe(true)
    }
  })

  it('is drawn with every figure', async () => {
    const drawing = await readFile(join(out, `${name}.svg`), 'utf8')
    expect(drawing).toMatch(/^<svg [^>]+>[^]+<\/svg>\n$/)
    expect(drawing).not.toMatch(/NaN|Infinity|undefined/)
    const { cases, columns } = workload()
    for (const store of columns.filter(column => cases.some(({ figures }) => figures[column]))) {
      expect(drawing).toContain(`>${store}</text>`)
    }
  })
})
