/** One owner: the operating system's lock, and the socket that takes its place where no binary loads, promise the same. */
import { spawn } from 'node:child_process'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { lockStore, socketLock } from '../../src/commit-log/store-lock.ts'
import { codeOf } from './log-fixture.ts'

const launcher = fileURLToPath(new URL('../engine/run-source.mjs', import.meta.url))
const child = '/test/commit-log/lock-child.ts'
const WAIT_MS = 30_000

let root = ''
let directory = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'twinlog-lock-'))
})
beforeEach(async () => {
  directory = await mkdtemp(join(root, 'store-'))
})
afterAll(() => rm(root, { recursive: true }))

const kinds = [
  { name: 'the lock of this platform', kind: 'native', attempt: undefined, runs: true },
  { name: 'the socket', kind: 'socket', attempt: socketLock, runs: process.platform === 'linux' },
]

for (const { name, kind, attempt, runs } of kinds) {
  const lock = (path: string, waitMs = 0) => lockStore(path, waitMs, attempt)

  describe.skipIf(!runs)(name, () => {
    it('is met by every other way to the same directory, in the same process too, and by no other directory', async () => {
      const held = await lock(directory)
      const link = join(root, `link-${kind}`)
      await symlink(directory, link)
      const other = join(root, `other-${kind}`)
      await mkdir(other)
      for (const path of [directory, link, relative('', directory), `${directory}/./`]) {
        expect(await codeOf(lock(path)), path).toBe('LOCKED')
      }
      await (await lock(other)).release()
      await held.release()
      await (await lock(link)).release()
    })

    it('is not lost when somebody else tried for it and failed', async () => {
      // A POSIX lock goes when any descriptor of the file is closed in its process: a failed second open let a third in.
      const held = await lock(directory)
      for (let round = 0; round < 3; round += 1) expect(await codeOf(lock(directory))).toBe('LOCKED')
      const process = startChild(kind)
      expect(await process.line()).toBe('LOCKED')
      await held.release()
      expect(await process.line()).toBe('held')
      await process.kill()
    })

    it('is met by another process, waited for, and gone with a process that is killed', async () => {
      const process = startChild(kind)
      expect(await process.line()).toBe('held')
      expect(await codeOf(lock(directory))).toBe('LOCKED')
      expect(await codeOf(lock(directory, 30))).toBe('LOCKED')
      const waiting = lock(directory, WAIT_MS)
      await process.kill()
      await (await waiting).release()
    })

    it('is met by a worker thread, and gone with one that is terminated', async () => {
      const held = await lock(directory)
      const worker = new Worker(launcher, { argv: [child, directory, kind] })
      onTestFinished(async () => void (await worker.terminate()))
      expect(await once(worker, 'message')).toEqual(['LOCKED'])
      await held.release()
      expect(await once(worker, 'message')).toEqual(['held'])
      expect(await codeOf(lock(directory))).toBe('LOCKED')
      await worker.terminate()
      await (await lock(directory, WAIT_MS)).release()
    })

    it('leaves nothing in the directory but its file, and does not change that one', async () => {
      await (await lock(directory)).release()
      const before = await stat(join(directory, 'lock'))
      await (await lock(directory)).release()
      expect(await readdir(directory)).toEqual(['lock'])
      expect(await stat(join(directory, 'lock'))).toMatchObject({ mtimeMs: before.mtimeMs, size: 0 })
    })
  })
}

describe.skipIf(process.platform !== 'linux')('the socket', () => {
  it('has one owner among the workers of a cluster', async () => {
    // The primary of a cluster opens listening sockets for its workers and hands the same one to each: all had the lock.
    cluster.setupPrimary({ exec: launcher, args: [child, directory, 'socket'], silent: true })
    const workers = [cluster.fork(), cluster.fork()]
    const answers = workers.map(async worker => String(await once(worker, 'message').then(([line]) => line)))
    expect((await Promise.all(answers)).toSorted()).toEqual(['LOCKED', 'held'])
    const exits = workers.map(worker => once(worker, 'exit'))
    for (const worker of workers) worker.kill('SIGKILL')
    await Promise.all(exits)
    cluster.removeAllListeners()
  })

  it('is let go of even while a stranger is connected to it', async () => {
    // Any process on the machine may connect to the name. Closing the server waited for it, and close() never ended.
    const held = await lockStore(directory, 0, socketLock)
    const { dev, ino } = await stat(join(directory, 'lock'), { bigint: true })
    const stranger = connect({ path: `\0twinlog:${dev}:${ino}` })
    stranger.on('error', () => undefined)
    await once(stranger, 'connect')
    await held.release()
    stranger.destroy()
    await (await lockStore(directory, 0, socketLock)).release()
  })
})

/** A process that takes the lock as soon as it gets it. */
function startChild(kind: string): { line: () => Promise<string>; kill: () => Promise<void> } {
  const process_ = spawn(process.execPath, [launcher, child, directory, kind], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void process_.kill('SIGKILL'))
  const lines = createInterface({ input: process_.stdout })[Symbol.asyncIterator]()
  return {
    line: async () => String((await lines.next()).value),
    kill: async () => {
      process_.kill('SIGKILL')
      if (process_.signalCode === null) await once(process_, 'exit')
    },
  }
}
