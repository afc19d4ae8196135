/** The engine over the memory driver. Its contents outlive the store, so it can be closed and opened again. */
import { createStore } from '../../src/consumers/create-store.ts'
import { MemoryContents } from '../../src/log-store/memory/contents.ts'
import { createMemoryLogStore } from '../../src/log-store/memory/memory-log-store.ts'
import { runOn } from './store-subject.ts'
import type { SubjectKind } from './subject.ts'

export const memoryKind: SubjectKind = {
  name: 'the memory engine',
  open() {
    const contents = new MemoryContents()
    const openAgain = (): ReturnType<typeof createStore> => createStore(createMemoryLogStore(contents))
    let store = openAgain()
    return Promise.resolve({
      run: operation => runOn(store, operation),
      close: () => store.close(),
      can: {
        async reopen() {
          await store.close()
          store = openAgain()
        },
        // What a call did is in the contents when the call returns, so there is nothing a crash could drop.
        crash() {
          store = openAgain()
          return Promise.resolve()
        },
      },
    })
  },
}
