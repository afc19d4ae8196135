/** Conformance: a watcher is woken after every change, never within the call that made it. */
import assert from 'node:assert/strict'
import type { LogName, LogStore } from '../types.ts'
import { alice, append, appendAll, boundsOf, inbox, type Define } from './suite.ts'

/** Resolves once the listener has been called, and the condition holds at some call of it. */
function wokenUntil(store: LogStore, log: LogName, condition: () => Promise<boolean> | boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = store.watch(log, () => {
      void Promise.resolve(condition()).then(holds => {
        if (!holds) return
        stop()
        resolve()
      }, reject)
    })
  })
}

export function watchPromises(it: Define): void {
  it('an append, a trim and a removal each wake the watchers of the log', async store => {
    await store.addActor(alice)
    const appended = wokenUntil(store, inbox(alice), async () => (await boundsOf(store, inbox(alice)))?.tip === 2)
    await appendAll(store, inbox(alice), ['a', 'b'])
    await appended
    const trimmed = wokenUntil(store, inbox(alice), async () => (await boundsOf(store, inbox(alice)))?.first === 2)
    await store.trim(inbox(alice), 2)
    await trimmed
    const removed = wokenUntil(store, inbox(alice), async () => (await store.bounds(inbox(alice))) === null)
    await store.removeActor(alice)
    await removed
  })

  it('closing the store wakes every watcher', async store => {
    await store.addActor(alice)
    const woken = [alice, 'never added'].map(actor => wokenUntil(store, inbox(actor), () => true))
    await store.close()
    await Promise.all(woken)
  })

  it('watching a closed store wakes at once, but not within the call', async store => {
    await store.addActor(alice)
    await store.close()
    let calls = 0
    let stop = (): void => undefined
    await new Promise<void>(resolve => {
      stop = store.watch(inbox(alice), () => {
        calls += 1
        resolve()
      })
      assert.equal(calls, 0)
    })
    stop()
  })

  it('a listener is never called within the call that changes the log', async store => {
    await store.addActor(alice)
    let calls = 0
    const woken = new Promise<void>(resolve => {
      store.watch(inbox(alice), () => {
        calls += 1
        resolve()
      })
    })
    assert.equal(calls, 0)
    const appended = append(store, inbox(alice), 'a')
    assert.equal(calls, 0)
    await Promise.all([appended, woken])
    const callsBefore = calls
    const closed = store.close()
    assert.equal(calls, callsBefore)
    await closed
  })

  it('a listener that was taken back is not called again, and the others are', async store => {
    await store.addActor(alice)
    let calls = 0
    const listener = (): void => {
      calls += 1
    }
    const stop = store.watch(inbox(alice), listener)
    const stopSecond = store.watch(inbox(alice), listener)
    stop()
    stop()
    stopSecond()
    const woken = wokenUntil(store, inbox(alice), () => true)
    await append(store, inbox(alice), 'a')
    await woken
    assert.equal(calls, 0)
  })

  it('the same listener given twice stays until it is taken back twice', async store => {
    await store.addActor(alice)
    let woken = (): void => undefined
    const called = new Promise<void>(resolve => {
      woken = resolve
    })
    const listener = (): void => woken()
    const stop = store.watch(inbox(alice), listener)
    store.watch(inbox(alice), listener)
    stop()
    await append(store, inbox(alice), 'a')
    await called
  })
}
