/** What a commit log is opened with. */
import type { Checksum } from '../bytes/checksum.ts'
import type { Disk } from './disk.ts'
import type { StoreIdentity } from './identity.ts'
import type { Checkpoint } from './recovery.ts'

export interface CommitLogOptions {
  readonly disk: Disk
  readonly identity: StoreIdentity
  readonly checksum: Checksum
  readonly checkpoint: Checkpoint
  /** `disk`: a frame is acknowledged once it is on disk; `os`: once the operating system has it. */
  readonly durability: 'disk' | 'os'
  readonly segmentBytes: number
  /** How much of the newest frames to keep in memory. */
  readonly recentBytes: number
}
