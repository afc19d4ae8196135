/**
 * A log store whose answers and hints come back in whatever order fast-check's scheduler decides. What a call does, it
 * does at once; so the engine above meets every order in which a driver may answer.
 */
import type { Scheduler } from 'fast-check'
import type { LogStore } from '../../src/log-store/types.ts'

export function scheduledLogStore(inner: LogStore, scheduler: Scheduler): LogStore {
  const later = async <Value>(label: string, answer: Promise<Value>): Promise<Value> => {
    // Handled here, thrown below: an answer may be an error that waits for its turn.
    const settled = await answer.then(
      value => () => value,
      (error: unknown) => () => {
        throw error
      },
    )
    await scheduler.schedule(Promise.resolve(), label)
    return settled()
  }
  return {
    addActor: id => later('addActor', inner.addActor(id)),
    removeActor: id => later('removeActor', inner.removeActor(id)),
    actorStatus: id => later('actorStatus', inner.actorStatus(id)),
    listActors: range => later('listActors', inner.listActors(range)),
    append: flush => later('append', inner.append(flush)),
    bounds: log => later('bounds', inner.bounds(log)),
    read: (log, range) => later('read', inner.read(log, range)),
    find: (log, key) => later('find', inner.find(log, key)),
    trim: (log, before) => later('trim', inner.trim(log, before)),
    feed: range => later('feed', inner.feed(range)),
    feedOrigin: () => inner.feedOrigin(),
    redact: (log, seq) => later('redact', inner.redact(log, seq)),
    item: key => later('item', inner.item(key)),
    listItems: prefix => inner.listItems(prefix),
    watch(log, listener) {
      let isWatching = true
      const stop = inner.watch(log, () => {
        void scheduler.schedule(Promise.resolve(), 'hint').then(() => {
          if (isWatching) listener()
        })
      })
      return () => {
        isWatching = false
        stop()
      }
    },
    compact: options => later('compact', inner.compact(options)),
    flush: () => later('flush', inner.flush()),
    flushIndex: () => later('flushIndex', inner.flushIndex()),
    stats: () => inner.stats(),
    close: () => later('close', inner.close()),
  }
}
