/** A process that opens a store and reads in it; damage to its index may end it. Tables are checked while it serves. */
import { append, alice, inbox, key } from '../../src/log-store/conformance/suite.ts'
import { openDriver } from './embedded-store.ts'

export async function main(path: string): Promise<void> {
  const store = await openDriver(path, { scrubFirstBytesMax: 0 })
  await append(store, inbox(alice), 'from the child', { key: key('child') })
  await store.close()
}
