/** What the diagnostics channels say of a store is what docs/api.md says they say. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { alice, append, flushOf, inbox, outbox } from '../../src/log-store/conformance/suite.ts'
import { reopened, withDirectory } from './embedded-store.ts'
import { told } from './told.ts'

it('twinlog:commit counts the records appended, and nothing else', async () => {
  await withDirectory(async path => {
    const messages = await told('twinlog:commit', () =>
      reopened(path, async store => {
        await store.addActor(alice)
        await store.append(flushOf([inbox(alice), outbox(alice), inbox(alice)].map(log => ({ log, text: 'x' }))))
        await store.trim(inbox(alice), 2)
      }),
    )
    expect(messages).toMatchObject([{ records: 0 }, { records: 3 }, { records: 0 }, { records: 0 }])
  })
})

it('twinlog:open tells of an index that was made anew, and of no other', async () => {
  await withDirectory(async path => {
    const use = (): Promise<unknown> =>
      reopened(path, store => store.addActor(alice).then(() => append(store, inbox(alice), 'x')))
    expect(await told('twinlog:open', use)).toMatchObject([{ indexRebuilt: false, droppedBytes: 0 }])
    expect(await told('twinlog:open', use)).toMatchObject([{ indexRebuilt: false, droppedBytes: 0 }])
    await rm(join(path, 'index'), { recursive: true })
    expect(await told('twinlog:open', use)).toMatchObject([{ indexRebuilt: true }])
  })
})
