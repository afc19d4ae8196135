/**
 * The process that gets killed: appends without end, many at a time, and writes a line for each acknowledgement the
 * moment it comes. `kill9.ts` starts it.
 */
import { open } from '../../src/open.ts'
import { actorOf, flushLogs, keyOf, logsOf, bodyOf, type Acknowledged } from './kill9-load.ts'
import { say } from './say.ts'
import { logIn } from './store-subject.ts'

export async function main(directory: string, run: string): Promise<void> {
  const store = await open(directory)
  await store.actors.add(actorOf(run))
  const writers = logsOf(run).map(async log => {
    for (let number = 0; ; number++) {
      const name = `${log.box} ${number}`
      const { seq } = await logIn(store, log).append(bodyOf(run, name), { key: keyOf(name) })
      say({ run, log, name, seq } satisfies Acknowledged)
    }
  })
  const flusher = async (): Promise<never> => {
    for (let number = 0; ; number++) {
      const name = `flush ${number}`
      const value = bodyOf(run, name)
      const logs = flushLogs(run)
      const items = logs.map(log => ({ log: logIn(store, log), value, key: keyOf(name) }))
      const results = await store.append(items)
      for (const [index, log] of logs.entries()) {
        say({ run, log, name, seq: results[index]!.seq! } satisfies Acknowledged)
      }
    }
  }
  await Promise.all([...writers, flusher(), flusher()])
}
