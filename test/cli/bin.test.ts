/** The command as it is installed: the built file, in a process of its own, on stores on disk. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, type Store } from '../../src/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(root, 'dist/cli/main.js')
const archive = join(root, 'examples/sample-archive/outbox.json')
const wren = 'https://social.example.com/users/wren'
const isBuilt = existsSync(bin)

function started(...argv: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [bin, ...argv])
}

async function ended(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = started(...argv)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: code as number, out, err }
}

describe.skipIf(!isBuilt)(isBuilt ? 'the built command' : 'skipped: dist is not there (npm run build)', () => {
  let folder: string
  let db: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'twinlog-bin-'))
    db = join(folder, 'db')
    expect(await ended('import', db, archive)).toMatchObject({ code: 0, err: '' })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('says its version, which is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(await ended('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  it('takes back what it exports, byte for byte', async () => {
    const exported = await ended('export', db, wren, 'outbox', '--collection')
    const child = started('import', join(folder, 'copy'), '-')
    child.stdin.end(exported.out)
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(await ended('export', join(folder, 'copy'), wren, 'outbox', '--collection')).toEqual(exported)
  })

  it('reads beside the owner of the store, and writes not', async () => {
    const owner = await open(db)
    try {
      expect((await ended('ls', db, '--json')).out).toContain('"records":25')
      const refused = await ended('import', db, archive)
      expect(refused.code).toBe(3)
      expect(refused.err).toContain('LOCKED')
    } finally {
      await owner.close()
    }
  })

  it('follows what the owner appends, until Ctrl-C', async () => {
    const owner = await open(db)
    const child = started('follow', db, wren, 'inbox', '--json')
    try {
      await owner.inbox(wren).appendJson('{"number":1}')
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
      while (!out.includes('"number":1')) await wait(5)
      await owner.inbox(wren).appendJson('{"number":2}')
      while (!out.includes('"number":2')) await wait(5)
      child.kill('SIGINT')
      expect(await once(child, 'exit')).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
      await owner.close()
    }
  })

  it('keeps what went in when Ctrl-C ends an import', async () => {
    const path = join(folder, 'interrupted')
    const child = started('import', path, '-')
    const items = Array.from({ length: 100 }, (_, index) => `{"id":"${index}","actor":"a"}\n`)
    child.stdin.write(items.join(''))
    while ((await tipBesideOwner(path)) < items.length) await wait(20)
    child.kill('SIGINT')
    const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    expect([code, out]).toEqual([1, '-: 100 added, 0 already there, 0 refused\n'])
    expect((await ended('ls', path, '--json')).out).toContain('"tip":100')
  })

  it('ends quietly when its reader goes away', async () => {
    const path = join(folder, 'large')
    const store = await open(path)
    await store.actors.add('a')
    const appends = Array.from({ length: 100 }, () => store.inbox('a').append('x'.repeat(10_000)))
    await Promise.all(appends)
    await store.close()
    const child = started('cat', path, 'a', 'inbox')
    child.stdout.once('data', () => child.stdout.destroy())
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect([code, err]).toEqual([0, ''])
  })

  it('ends with 3 where there is no store, and makes none', async () => {
    const path = join(folder, 'nowhere')
    expect((await ended('stats', path)).code).toBe(3)
    expect(existsSync(path)).toBe(false)
  })

  it('dumps a segment, and says whether there is damage', async () => {
    const [name] = readdirSync(join(db, 'segments')).toSorted()
    const segment = join(db, 'segments', name!)
    const { code, out } = await ended('dump', segment)
    expect([code, out.includes('# DAMAGED')]).toEqual([0, false])
    expect(out.split('\n').length).toBeGreaterThan(100)

    const broken = join(folder, name!)
    writeFileSync(broken, readFileSync(segment).fill(0xff, 100, 101))
    expect((await ended('dump', broken)).code).toBe(1)
  })

  it('has a tour that ends well', async () => {
    const tour = spawn(process.execPath, [join(root, 'examples/tour.mjs')])
    const [out, [code]] = await Promise.all([text(tour.stdout), once(tour, 'exit')])
    expect(code).toBe(0)
    expect(out).toContain('nothing changed')
  })
})

/** 0 as long as the store or the actor is not there. */
async function tipBesideOwner(path: string): Promise<number> {
  let store: Store | undefined
  try {
    store = await open(path, { readOnly: true })
    return (await store.outbox('a').tip()) ?? 0
  } catch {
    return 0
  } finally {
    await store?.close()
  }
}
