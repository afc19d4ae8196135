/** A store in which every kind of entry dies, and what must be gone from its files afterwards. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { alice, append, bob, bytesOf, inbox, key, outbox, payload } from '../../src/log-store/conformance/suite.ts'
import type { EmbeddedLogStore } from '../../src/log-store/embedded/embedded-log-store.ts'
import { openDriver } from './embedded-store.ts'

export const carol = 'https://example.com/users/carol'
export const keyNames = ['a-key', 'b-key', 'c-key', 'k-trimmed', 'k-redacted']

const filling = 'x'.repeat(300)

/** Several segments of records, of which the ones with these words in them are to go. */
export const gone = ['TRIMMED-BODY', 'REDACTED-BODY', 'REDACTED-META', 'REMOVED-BODY', 'SHARED-GONE', 'OLD-ITEM']
export const stays = ['KEPT-BODY', 'SHARED-KEPT', 'NEW-ITEM']
/** The dedupe key of a removed actor's record, as it lies in a file. */
export const removedKey = Buffer.from(key('removed-key-3456'))

export async function fill(store: EmbeddedLogStore): Promise<void> {
  for (const actor of [alice, bob, carol]) await store.addActor(actor)
  const items = (text: string) => ({ payloads: [], appends: [], items: [{ key: 'i', value: bytesOf(text) }] })
  await store.append(items('OLD-ITEM'))
  await append(store, outbox(alice), `REDACTED-BODY ${filling}`, {
    key: key('k-redacted'),
    meta: bytesOf('REDACTED-META'),
  })
  await append(store, inbox(carol), `REMOVED-BODY ${filling}`, { key: removedKey })
  // The one that lives stands between two that don't.
  const shared = [inbox(alice), outbox(alice), inbox(carol)]
  await store.append({
    payloads: [payload('SHARED-GONE'), payload('SHARED-KEPT')],
    appends: [
      ...[inbox(alice), inbox(carol)].map(log => ({ log, payload: 0, receivedAt: 1 })),
      ...shared.map(log => ({ log, payload: 1, receivedAt: 1 })),
    ],
  })
  await append(store, inbox(alice), `TRIMMED-BODY ${filling}`, { key: key('k-trimmed') })
  for (let i = 0; i < 30; i += 1) await append(store, inbox(alice), `TRIMMED-BODY ${i} ${filling}`)
  for (const [i, name] of keyNames.slice(0, 3).entries())
    await append(store, inbox(bob), `KEPT-BODY ${i} ${filling}`, { key: key(name), meta: bytesOf(`meta ${i}`) })
  await append(store, inbox(alice), `KEPT-BODY in alice ${filling}`)
  await store.append(items('NEW-ITEM'))
}

export async function kill(store: EmbeddedLogStore): Promise<void> {
  const { tip } = (await store.bounds(inbox(alice)))!
  await store.trim(inbox(alice), tip)
  await store.redact(outbox(alice), 1)
  await store.removeActor(carol)
}

/** The words and bytes that stand in some file below a directory. */
export async function foundIn(path: string, words: readonly (string | Buffer)[]): Promise<string[]> {
  const found = new Set<string>()
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const bytes = await readFile(join(entry.parentPath, entry.name))
    for (const word of words) if (bytes.includes(word)) found.add(Buffer.from(word).toString('latin1'))
  }
  return [...found].toSorted()
}

export async function segmentsOf(path: string): Promise<string[]> {
  return (await readdir(join(path, 'segments'))).toSorted()
}

/** A store at `path` that was filled, of which then things were taken, closed. */
export async function prepare(path: string): Promise<void> {
  const store = await openDriver(path)
  await fill(store)
  await kill(store)
  await store.close()
}
