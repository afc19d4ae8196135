import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Output, OutputClosed } from '../../src/cli/output.ts'
import { Machine } from './twinlog.ts'

const actor = 'https://example.com/users/alice'

function failingWith(code: string, writesBefore: number): Writable {
  let writes = 0
  return new Writable({
    write(_, __, done) {
      done(++writes > writesBefore ? Object.assign(new Error(code), { code }) : null)
    },
  })
}

async function machineWith(records: number): Promise<Machine> {
  const machine = new Machine()
  const store = await machine.store()
  await store.actors.add(actor)
  for (let number = 0; number < records; number++) await store.outbox(actor).appendJson(`{"number":${number}}`)
  return machine
}

describe('a command whose output nobody reads any more', () => {
  it.each([
    ['ls', 'db'],
    ['cat', 'db', actor, 'outbox'],
    ['follow', 'db', actor, 'outbox'],
    ['export', 'db', actor, 'outbox'],
  ])('ends quietly: %s', async (...argv) => {
    const machine = await machineWith(10)
    const { code, err } = await machine.twinlog(argv, { stdout: failingWith('EPIPE', 1) })
    expect([code, err]).toEqual([0, ''])
  })

  it('has not done all it was asked to when it imports', async () => {
    const machine = new Machine()
    const given = { stdin: '1\n2\n3\n', stdout: failingWith('EPIPE', 1) }
    const { code, err } = await machine.twinlog(['import', 'db', '-', '--json'], given)
    expect([code, err]).toEqual([1, ''])
  })
})

it('an output that fails for another reason is an error', async () => {
  const machine = await machineWith(10)
  const { code, err } = await machine.twinlog(['export', 'db', actor, 'outbox'], { stdout: failingWith('ENOSPC', 3) })
  expect(code).toBe(1)
  expect(err).not.toContain('    at ')
  expect(err).toContain('ENOSPC')
})

it('a slow reader is waited for: what is buffered is bounded', async () => {
  const machine = await machineWith(2000)
  let most = 0
  let bytes = 0
  const stdout: Writable = new Writable({
    highWaterMark: 1000,
    write(chunk: Buffer, _, done) {
      bytes += chunk.length
      most = Math.max(most, stdout.writableLength)
      setImmediate(done)
    },
  })
  expect((await machine.twinlog(['export', 'db', actor, 'outbox'], { stdout })).code).toBe(0)
  expect(bytes).toBeGreaterThan(20_000)
  expect(most).toBeLessThan(1100)
})

it('each of several writers that wait for a slow stream is woken', async () => {
  const stream = new Writable({ highWaterMark: 1, write: (_, __, done) => setImmediate(done) })
  const output = new Output(stream)
  await Promise.all(['a', 'b', 'c'].map(text => output.write(text)))
})

it('a writer that waits for a stream that goes away is told', async () => {
  const stream = new Writable({ highWaterMark: 1, write: () => {} })
  const writing = new Output(stream).write('a')
  stream.destroy()
  await expect(writing).rejects.toBeInstanceOf(OutputClosed)
})
