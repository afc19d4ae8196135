import { describe, expect, it } from 'vitest'
import { jsonLines, Machine } from './twinlog.ts'

const alice = 'https://example.com/users/alice'

async function filled(): Promise<Machine> {
  const machine = new Machine()
  const store = await machine.store()
  await store.actors.add(alice)
  for (let n = 1; n <= 3; n += 1) await store.outbox(alice).append(n)
  await store.cursor('index', { log: store.outbox(alice) }).status()
  await store
    .worker('delivery', { attemptsMax: 1 })
    .run(({ seq }) => (seq === 2 ? { retryAfterMs: 1 } : 'done'), { live: false })
  return machine
}

describe('consumers', () => {
  it('prints each with where it stands and what waits', async () => {
    const { out, code } = await (await filled()).twinlog(['consumers', 'db', '--json'])
    expect(jsonLines(out)).toMatchObject([
      { name: 'delivery', kind: 'worker', log: null, lag: 0, depth: 0, dead: 1 },
      {
        name: 'index',
        kind: 'cursor',
        log: { actor: alice, box: 'outbox' },
        seq: 0,
        lag: 3,
        depth: null,
        position: null,
      },
    ])
    expect(code).toBe(0)
  })

  it('prints the same for people', async () => {
    const { out } = await (await filled()).twinlog(['consumers', 'db'])
    const columns = out.split('\n').map(line => line.split(/ {2,}/))
    expect(columns[0]).toEqual(['kind', 'unread', 'waits', 'dead', 'moved', 'name'])
    expect(columns[1]?.toSpliced(4, 1)).toEqual(['worker', '0', '0', '1', 'delivery'])
    expect(columns[2]).toContain(`index (outbox of ${alice})`)
  })
})
