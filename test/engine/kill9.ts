/** Starts a process that appends, kills it with SIGKILL, and checks that what it acknowledged is there. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ReadRecord } from '../model/operations.ts'
import { bodyOf, keyOf, logsOf, type Acknowledged } from './kill9-load.ts'
import type { Subject } from './subject.ts'
import { valueOf } from './with-subject.ts'

export type { Acknowledged }

const launcher = fileURLToPath(new URL('./run-source.mjs', import.meta.url))

/** Everything that the process acknowledged until it was killed: at least `count` appends. */
export async function appendUntilKilled(directory: string, run: string, count: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [launcher, '/test/engine/kill9-child.ts', directory, run], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const complaints: string[] = []
  child.stderr.on('data', data => complaints.push(String(data)))
  const ended = new Promise<string | null>(resolve => {
    child.once('close', (_, signal) => resolve(signal))
  })
  const acknowledged: Acknowledged[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    // A line that the kill cut short is no acknowledgement.
    if (line.endsWith('}')) acknowledged.push(JSON.parse(line) as Acknowledged)
    if (acknowledged.length >= count) child.kill('SIGKILL')
  }
  assert.equal(await ended, 'SIGKILL', `the writer ended by itself:\n${complaints.join('')}`)
  return acknowledged
}

/** Every acknowledged append is there, once, with the same value and sequence; and each flush is there as a whole. */
export async function assertKept(subject: Subject, acknowledged: readonly Acknowledged[]): Promise<void> {
  const whole = new Map<string, number>()
  for (const run of new Set(acknowledged.map(each => each.run))) {
    for (const log of logsOf(run)) {
      const result = await subject.run({ type: 'read', log, options: {} })
      const records = valueOf(result) as readonly ReadRecord[]
      const names = records.map(({ value }) => (value as { name: string }).name)
      assert.equal(new Set(names).size, names.length, 'no record is there twice')
      for (const [index, { seq, value }] of records.entries()) {
        assert.equal(seq, index + 1)
        assert.deepEqual(value, bodyOf(run, names[index]!))
        if (names[index]!.startsWith('flush')) {
          whole.set(`${run} ${names[index]}`, (whole.get(`${run} ${names[index]}`) ?? 0) + 1)
        }
      }
      for (const each of acknowledged.filter(other => other.run === run && other.log.box === log.box)) {
        assert.equal(names[each.seq - 1], each.name, `record ${each.seq} was acknowledged`)
        assert.deepEqual(await subject.run({ type: 'find', log, key: keyOf(each.name) }), { value: each.seq })
      }
    }
  }
  for (const [name, logs] of whole) assert.equal(logs, 2, `${name} is there in part`)
}
