/** A small store with every kind of entry in its log, damage to that log, and what the store then shows. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { alice, append, bob, inbox, key, outbox, payload, textOf } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import type { LogName } from '../../src/log-store/types.ts'
import { isTwinlogError } from '../../src/errors.ts'
import { openDriver, reopened, withDirectory } from './embedded-store.ts'

export const log = inbox(alice)
/** Not the text itself, which the tests look for in the file. */
export const keyOf = (text: string): Uint8Array => key(text.split('').toReversed().join(''))

/** Three records for alice and one for bob, each in a frame of its own; then one body in two logs, and a trim. */
export async function fill(store: EmbeddedLogStore): Promise<void> {
  for (const actor of [alice, bob]) await store.addActor(actor)
  for (const text of ['first', 'second', 'third']) await append(store, log, text, { key: keyOf(text) })
  await append(store, inbox(bob), 'of bob')
  const appends = [log, outbox(bob)].map(each => ({ log: each, payload: 0, receivedAt: 1 }))
  await store.append({ payloads: [payload('shared body')], appends })
  await append(store, outbox(alice), 'gone')
  await append(store, outbox(alice), 'last')
  await store.trim(outbox(alice), 2)
}

/** Sequence and text, or code, of each record from `first` to `tip`; read one by one. */
async function records(store: EmbeddedLogStore, name: LogName): Promise<readonly string[]> {
  const bounds = (await store.bounds(name))!
  const found: string[] = []
  for (let seq = bounds.first; seq <= bounds.tip; seq += 1) {
    try {
      const slice = await store.read(name, { from: seq, to: seq, limit: 1 })
      found.push(`${seq} ${textOf(slice!.records[0]!.payload)}`)
    } catch (error) {
      if (!isTwinlogError(error, 'CORRUPT')) throw error
      expect(error).toMatchObject({ actor: name.actor, box: name.box, seq, place: expect.stringMatching(/offset \d+/) })
      found.push(`${seq} CORRUPT`)
    }
  }
  return found
}

export const whole = {
  alice: ['1 first', '2 second', '3 third', '4 shared body'],
  bob: ['1 of bob'],
  outbox: ['2 last'],
  shared: ['1 shared body'],
}

export async function everything(store: EmbeddedLogStore): Promise<typeof whole> {
  return {
    alice: [...(await records(store, log))],
    bob: [...(await records(store, inbox(bob)))],
    outbox: [...(await records(store, outbox(alice)))],
    shared: [...(await records(store, outbox(bob)))],
  }
}

export const segment = (path: string, number = 1): string =>
  join(path, 'segments', `${String(number).padStart(10, '0')}-${String(number).padStart(10, '0')}.0.seg`)

/** Damages one byte, `by` bytes from where the text stands. */
export async function damage(path: string, text: string, by = 0): Promise<void> {
  const bytes = await readFile(segment(path))
  const at = bytes.indexOf(text)
  expect(at).toBeGreaterThanOrEqual(0)
  bytes[at + by]! ^= 0x10
  await writeFile(segment(path), bytes)
}

/** Runs `look` on a closed store with that damage: with its index, and with one that is made anew. */
export async function damaged(
  harm: (path: string) => Promise<void>,
  look: (open: () => Promise<EmbeddedLogStore>, hasIndex: boolean) => Promise<void>,
): Promise<void> {
  for (const hasIndex of [true, false]) {
    await withDirectory(async path => {
      await reopened(path, fill)
      await harm(path)
      if (!hasIndex) await rm(join(path, 'index'), { recursive: true })
      await look(() => openDriver(path), hasIndex)
    })
  }
}

export async function using(
  open: () => Promise<EmbeddedLogStore>,
  use: (store: EmbeddedLogStore) => Promise<void>,
): Promise<void> {
  const store = await open()
  try {
    await use(store)
  } finally {
    await store.close()
  }
}
