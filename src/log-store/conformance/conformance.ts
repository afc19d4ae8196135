/** Puts the topics together into the suite that `twinlog/conformance` exports. */
import type { LogStore } from '../types.ts'
import { actorPromises } from './actors.ts'
import { appendPromises } from './append.ts'
import { compactPromises } from './compact.ts'
import { dedupePromises } from './dedupe.ts'
import { feedPromises } from './feed.ts'
import { flushPromises } from './flush.ts'
import { itemPromises } from './items.ts'
import { lifecyclePromises } from './lifecycle.ts'
import { readPromises } from './read.ts'
import { redactPromises } from './redact.ts'
import { reopeningPromises } from './reopening.ts'
import type { ConformanceOptions, Define } from './suite.ts'
import { trimPromises } from './trim.ts'
import { watchPromises } from './watch.ts'

const topics: Record<string, (it: Define) => void> = {
  actors: actorPromises,
  append: appendPromises,
  flush: flushPromises,
  dedupe: dedupePromises,
  read: readPromises,
  trim: trimPromises,
  redact: redactPromises,
  compact: compactPromises,
  watch: watchPromises,
  feed: feedPromises,
  items: itemPromises,
  lifecycle: lifecyclePromises,
}

/** Defines, in the caller's test framework, one test for each promise that a log store makes. */
export function conformance(options: ConformanceOptions): void {
  const { describe, it, name, open, reopen } = options

  /** Gives each test an empty store, and closes every store that the test opened. */
  const withStore = (body: (store: LogStore, opened: LogStore[]) => Promise<void>) => async (): Promise<void> => {
    const first = await open()
    const opened = [first]
    try {
      await body(first, opened)
    } finally {
      for (const store of opened) await store.close()
    }
  }

  describe(`${name} keeps the promises of a log store`, () => {
    for (const [topic, promises] of Object.entries(topics)) {
      describe(topic, () => promises((title, body) => it(title, withStore(body))))
    }
    if (reopen === undefined) return
    describe('reopening', () => {
      reopeningPromises((title, body) =>
        it(
          title,
          withStore((first, opened) =>
            body(first, async store => {
              await store.close()
              const next = await reopen(store)
              opened.push(next)
              return next
            }),
          ),
        ),
      )
    })
  })
}
