/**
 * Decides about a closed index before LevelDB looks at it: may LevelDB open it, or is it to be made anew? Called by the
 * embedded driver at every open.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { condemnation } from './condemned.ts'
import type { TableFile } from './level-format.ts'
import { surveyIndex } from './survey.ts'
import { bytesOf, HeldTables } from './table-files.ts'
import { STARTS_TO_CHECK, STARTS_TO_REBUILD, uncleanStarts } from './unclean-starts.ts'

/** More would take too many of the process's file descriptors: the oldest of them are checked before opening. */
const HELD_MAX = 1000

/** What a check of tables came to. */
export interface Checked {
  readonly tables: number
  readonly bytes: number
  /** What is damaged, the first of it; null: nothing. */
  readonly damage: string | null
}

export interface Inspection {
  /** Why the index is to be made anew; null: nothing speaks against it. */
  readonly reason: string | null
  /** Null: no table was looked into. */
  readonly checked: Checked | null
  /** Tables that LevelDB may use and that are still to be checked; null: none. Whoever has them closes them. */
  readonly unchecked: HeldTables | null
}

/**
 * @param firstBytesMax tables of at most so many bytes together are checked here
 * @param onChecked told how many bytes of how many are checked
 */
export async function inspectIndex(
  directory: string,
  firstBytesMax: number,
  onChecked: (done: number, total: number) => void,
): Promise<Inspection> {
  const anew = (reason: string): Inspection => ({ reason, checked: null, unchecked: null })
  if (!existsSync(join(directory, 'CURRENT'))) return anew('it is not there')
  const condemned = await condemnation(directory)
  if (condemned !== null) return anew(condemned)
  const starts = await uncleanStarts(directory)
  if (starts >= STARTS_TO_REBUILD) return anew(`the last ${starts} starts ended without closing it`)
  const { damage, tables } = await surveyIndex(directory)
  if (damage !== null) return { reason: damage, checked: { tables: 0, bytes: 0, damage }, unchecked: null }
  const isFirst = starts >= STARTS_TO_CHECK || bytesOf(tables) <= firstBytesMax
  const unchecked = isFirst ? null : await hold(directory, tables.slice(-HELD_MAX))
  const first = tables.slice(0, tables.length - (unchecked?.count ?? 0))
  let isKept = false
  try {
    const checked = await checkNow(directory, first, onChecked)
    isKept = checked.damage === null && unchecked !== null
    return isKept ? { reason: null, checked: null, unchecked } : { reason: checked.damage, checked, unchecked: null }
  } finally {
    if (!isKept) await unchecked?.close()
  }
}

/** Null where the process may not hold so many: then they are checked at once, one after the other. */
async function hold(directory: string, tables: readonly TableFile[]): Promise<HeldTables | null> {
  try {
    return await HeldTables.open(directory, tables)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EMFILE' || code === 'ENFILE') return null
    throw error
  }
}

async function checkNow(
  directory: string,
  tables: readonly TableFile[],
  onChecked: (done: number, total: number) => void,
): Promise<Checked> {
  const total = bytesOf(tables)
  let done = 0
  for (const table of tables) {
    // One at a time: nothing deletes them meanwhile.
    const held = await HeldTables.open(directory, [table])
    try {
      const damage = await held.findDamage(bytes => onChecked((done += bytes), total))
      if (damage !== null) return { tables: tables.length, bytes: total, damage }
    } finally {
      await held.close()
    }
  }
  return { tables: tables.length, bytes: total, damage: null }
}
