/** How a replay goes about it: a batch is written while the next one is read. What it leaves is embedded-derived.test.ts's. */
import { expect, it, vi } from 'vitest'
import type { CommitLog } from '../../src/commit-log/commit-log.ts'
import { LOG_START } from '../../src/commit-log/recovery.ts'
import type { ScannedFrame } from '../../src/commit-log/segment-scan.ts'
import type { IndexBatch } from '../../src/key-index/index-batch.ts'
import type { KeyIndex } from '../../src/key-index/key-index.ts'
import type { Head } from '../../src/key-index/values.ts'
import { replay } from '../../src/log-store/embedded/replay.ts'
import { ENTRY_TYPE } from '../../src/record/layout.ts'
import { codeOf } from './embedded-store.ts'

const logs = [2, 4, 6]
const frameEntries = 4000

/** A frame of appends to the logs in turn, each with the next sequence. */
function frame(commit: number, damage: ScannedFrame['damage'] = null): ScannedFrame {
  const place = { segment: 1, offset: 64 }
  const entries = Array.from({ length: frameEntries }, (_, i) => {
    const n = (commit - 1) * frameEntries + i
    const what = { type: ENTRY_TYPE.append, log: logs[n % logs.length], seq: Math.floor(n / logs.length) + 1 }
    return { ...what, key: null, codec: 0, payloadSum: 0n, place, length: 72 }
  })
  const end = { ...place, commit, chain: 0n }
  return { place, end, commit, entries, damage } as unknown as ScannedFrame
}

function logOf(frames: readonly ScannedFrame[]): CommitLog {
  async function* read() {
    yield* frames
  }
  return { end: frames.at(-1)!.end, frames: read } as unknown as CommitLog
}

/** An index that notes what it is asked and given. */
function indexed(write: () => Promise<void> = async () => {}) {
  const heads = vi.fn(async (some: readonly number[]) => some.map((): Head | null => ({ first: 1, tip: 0 })))
  const written: [log: number, head: Head][][] = []
  const batch = (): IndexBatch => {
    const put: [number, Head][] = []
    written.push(put)
    return { putEntry: () => {}, putHead: (log: number, head: Head) => put.push([log, head]) } as unknown as IndexBatch
  }
  const writes = vi.fn(write)
  return { index: { heads, batch, write: writes } as unknown as KeyIndex, heads, written, writes }
}

const options = { nextLog: 2, onProgress: () => {} }

it('asks for the head of each log once, however many batches there are', async () => {
  const { index, heads, written } = indexed()
  await replay(logOf([1, 2, 3, 4, 5, 6, 7].map(n => frame(n))), index, LOG_START, options)
  expect(written.length).toBeGreaterThan(2)
  expect(heads.mock.calls.flatMap(([some]) => some)).toEqual(logs)
  const last = Math.ceil((7 * frameEntries) / logs.length)
  expect(written.at(-1)).toEqual(logs.map((log, i) => [log, { first: 1, tip: i === 0 ? last : last - 1 }]))
})

it('that meets damage ends what it has begun to write before anybody is told', async () => {
  // Whoever is told closes the index, and may put another one in its place.
  let finish = (): void => undefined
  const writing = new Promise<void>(resolve => (finish = resolve))
  const { index, writes } = indexed(() => writing)
  let said = ''
  const replayed = codeOf(replay(logOf([frame(1), frame(2), frame(3), frame(4, 'entries')]), index, LOG_START, options))
  const told = replayed.then(code => (said = code ?? ''))
  await vi.waitFor(() => expect(writes).toHaveBeenCalledTimes(1))
  await new Promise(resolve => setImmediate(resolve))
  expect(said).toBe('')
  finish()
  await told
  expect(said).toBe('LOG_LOST')
})

it('that cannot write says so, and reads no further than the batch after', async () => {
  const failure = new Error('for a test')
  const { index, writes } = indexed(() => Promise.reject(failure))
  const frames = Array.from({ length: 12 }, (_, i) => frame(i + 1))
  await expect(replay(logOf(frames), index, LOG_START, options)).rejects.toBe(failure)
  expect(writes).toHaveBeenCalledTimes(1)
})
