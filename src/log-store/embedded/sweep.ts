/**
 * Clears what trims and removals left behind in the index, a slice at a time. Nothing reads these keys any more: a
 * trimmed entry lies below its head's `first`, a removed actor's log numbers are never used again.
 */
import type { KeyIndex } from '../../key-index/key-index.ts'
import { DamagedValueError, type Head } from '../../key-index/values.ts'

const SLICE_KEYS = 2000

/** Clears one slice. Returns whether anything is left to clear. */
export async function sweepSome(index: KeyIndex): Promise<boolean> {
  const [sweep, ...others] = await index.sweeps(2)
  if (sweep === undefined) return false
  const { log, extent } = sweep
  const isDone = extent === 'all' ? await index.clear(log, 'all', SLICE_KEYS) : await clearTrimmed(index, log)
  if (!isDone) return true
  const batch = index.batch()
  batch.deleteSweep(log)
  await batch.write()
  return others.length > 0
}

/** Whether nothing is left to clear. A log without its head is damaged: mending it notes a sweep again. */
async function clearTrimmed(index: KeyIndex, log: number): Promise<boolean> {
  const head = await headOf(index, log)
  return head === null || index.clear(log, { first: head.first }, SLICE_KEYS)
}

async function headOf(index: KeyIndex, log: number): Promise<Head | null> {
  try {
    return (await index.heads([log]))[0] ?? null
  } catch (error) {
    if (error instanceof DamagedValueError) return null
    throw error
  }
}
