/** Opens a store for looking at it: no lock, no LevelDB, nothing written. */
import { Checksum } from '../../bytes/checksum.ts'
import type { Disk } from '../../commit-log/disk.ts'
import { readIdentity } from '../../commit-log/identity.ts'
import { TwinlogError } from '../../errors.ts'
import { ReadOnlyLogStore } from './read-only-log-store.ts'
import { SegmentView } from './segment-view.ts'

interface ReadOnlyOptions {
  readonly path: string
  readonly disk: Disk
  /** Told how many commits have been read, now and then. */
  readonly onScan: (commits: number) => void
}

/** @throws STORE_NOT_FOUND, FORMAT_UNSUPPORTED, LOG_LOST, CORRUPT (the identity file), READ_ONLY, IO_ERROR */
export async function openReadOnly({ path, disk, onScan }: ReadOnlyOptions): Promise<ReadOnlyLogStore> {
  const identity = await readIdentity(disk)
  if (identity === null) throw new TwinlogError('STORE_NOT_FOUND', `there is no store at ${path}`, { path })
  const checksum = await Checksum.forStore(identity.storeId)
  const reading = { disk, storeId: identity.storeId, checksum }
  const view = new SegmentView(reading, onScan)
  await view.refresh()
  return new ReadOnlyLogStore(path, reading, view, identity.timeline)
}
