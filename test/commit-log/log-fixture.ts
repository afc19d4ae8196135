/** A commit log on any disk, without an index: the records a test appends, and where they went. */
import { Checksum } from '../../src/bytes/checksum.ts'
import { CommitLog } from '../../src/commit-log/commit-log.ts'
import type { CommitLogOptions } from '../../src/commit-log/commit-log-options.ts'
import type { Disk } from '../../src/commit-log/disk.ts'
import type { Location } from '../../src/commit-log/frame-builder.ts'
import { LOG_START } from '../../src/commit-log/recovery.ts'
import { isTwinlogError } from '../../src/errors.ts'
import { type Change, changesOf } from '../../src/log-store/change.ts'
import { ENTRY_TYPE } from '../../src/record/layout.ts'

export const identity = { storeId: Buffer.from('0123456789abcdef'), timeline: 1, createdAt: 1 }
export const checksum = await Checksum.forStore(identity.storeId)
export const reading = (disk: Disk) => ({ disk, storeId: identity.storeId, checksum })

/** One record as it was appended, or as it was found. */
export interface Written {
  readonly log: number
  readonly seq: number
  readonly text: string
  readonly commit: number
  readonly location: Location
}

export function openLog(disk: Disk, options: Partial<CommitLogOptions> = {}): Promise<CommitLog> {
  const { checkpoint = null, durability = 'disk', segmentBytes = 4096, recentBytes = 0 } = options
  return CommitLog.open({ disk, identity, checksum, checkpoint, durability, segmentBytes, recentBytes })
}

/** Puts a record into the pending frame. */
export function add(log: CommitLog, number: number, seq: number, text: string): Written {
  const payload = Buffer.from(text)
  const location = log.pending.add({
    type: ENTRY_TYPE.append,
    codec: 3,
    log: number,
    seq,
    receivedAt: 1,
    payloadSum: checksum.sum(payload),
    payload,
  })
  return { log: number, seq, text, location, commit: log.end.commit + 1 }
}

/** One frame with a record for each text, in log 2. */
export async function commit(log: CommitLog, first: number, each: readonly string[]): Promise<Written[]> {
  const written = each.map((text, i) => add(log, 2, first + i, text))
  await log.commitPending()
  return written
}

/** All changes that replaying the log from its start makes. */
export async function replayed(log: CommitLog): Promise<Change[]> {
  const changes: Change[] = []
  for await (const frame of log.frames(LOG_START)) changes.push(...changesOf(frame))
  return changes
}

/** The text of every record that replay finds; null for one that is damaged. */
export async function texts(log: CommitLog): Promise<(string | null)[]> {
  const found: (string | null)[] = []
  for (const change of await replayed(log)) if (change.kind === 'append') found.push(await textAt(log, change.location))
  return found
}

/** Null when the record is CORRUPT. */
export async function textAt(log: CommitLog, location: Location): Promise<string | null> {
  try {
    return (await log.run([location]).at(0))!.payload.toString()
  } catch (error) {
    if (isTwinlogError(error, 'CORRUPT')) return null
    throw error
  }
}

/** The code that a promise rejects with; null when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  try {
    await promise
    return null
  } catch (error) {
    if (isTwinlogError(error)) return error.code
    throw error
  }
}
