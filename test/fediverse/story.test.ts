/** `npm start` keeps its promises, and says so when it does not. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { exampleFolder, isBuilt, root, start } from './example.ts'

const plantedFolder = join(root, '.cache', 'fediverse-planted')

/** What the hosts answered, in order. */
const verdicts = [
  ...Array.from({ length: 6 }, () => '202 accepted'),
  '202 duplicate',
  '401 signature_invalid',
  '400 digest_mismatch',
  '401 missing_signature',
  '403 local_actor_spoof',
  '401 signature_expired',
  '202 accepted',
  '401 signature_invalid',
  ...Array.from({ length: 6 }, () => '202 accepted'),
]

/** Each breaks the example in one place: [what breaks, file, text, its replacement]. */
const faults: readonly (readonly [story: string, file: string, text: string, replacement: string])[] = [
  ['a body that is not swapped after all', 'story.mjs', "replace('Tea?', 'Beer')", "replace('Tea?', 'Tea?')"],
  ['a shared inbox that forgets one', 'host.mjs', 'return meant.map', 'return meant.slice(0, 1).map'],
  ['a key that is not rotated', 'story.mjs', 'wren.rotateKey()', ''],
  ['a failed delivery that is taken for done', 'send.mjs', 'status === 0 || ', ''],
  ['a worker that forgets what it has done', 'delivery.mjs', "'delivery', {", '`delivery${Date.now()}`, {'],
  ['a worker that does not try again', 'delivery.mjs', 'if (isWorthRetrying(status)) throw', 'if (false) throw'],
  ['a timeline that is made anew at every start', 'timeline.mjs', 'version: 1', 'version: Date.now()'],
  [
    'a store that is another one after a restart',
    'host.mjs',
    '#options.directory',
    '#options.directory + Math.random()',
  ],
]

describe.skipIf(!isBuilt)(isBuilt ? 'the story' : 'skipped: dist is not there (npm run build)', () => {
  afterAll(() => rmSync(plantedFolder, { recursive: true, force: true }))

  it('ends well, has met every verdict, and leaves nothing behind', async () => {
    const { code, out, err, left } = await start([]).ended
    expect({ code, err, left }).toEqual({ code: 0, err: '', left: [] })
    expect(out.match(/\b\d{3} [a-z_]+/g)?.filter(each => verdicts.includes(each))).toEqual(verdicts)
    expect(out.match(/as before$/gm)).toHaveLength(5)
    // A file or a pipe gets no colours.
    expect(out).not.toContain('\u001B')
  })

  it.each(faults)('ends badly with %s', async (_story, file, found, replacement) => {
    mkdirSync(plantedFolder, { recursive: true })
    cpSync(exampleFolder, plantedFolder, { recursive: true })
    const path = join(plantedFolder, file)
    const healthy = readFileSync(path, 'utf8')
    expect(healthy).toContain(found)
    writeFileSync(path, healthy.replace(found, replacement))
    const { code, err, left } = await start([], plantedFolder).ended
    expect({ code, left }).toEqual({ code: 1, left: [] })
    expect(err).toContain('AssertionError')
  })

  it('ends quietly when its reader goes away', async () => {
    const { child, ended } = start([])
    child.stdout.once('data', () => child.stdout.destroy())
    expect(await ended).toMatchObject({ code: 0, err: '', left: [] })
  })
})
