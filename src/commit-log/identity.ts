/**
 * The identity file: what makes a directory a store. Renamed into place last, so a directory without it is none.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { Checksum } from '../bytes/checksum.ts'
import { readU64, writeU64 } from '../bytes/integers.ts'
import { TwinlogError } from '../errors.ts'
import type { Disk } from './disk.ts'
import { FORMAT_VERSION, IDENTITY_BYTES, IDENTITY_FIELDS as F, IDENTITY_MAGIC } from './layout.ts'
import { SEGMENT_FOLDER } from './segment-files.ts'

export const IDENTITY_FILE = 'twinlog.id'
const UNFINISHED = 'twinlog.id.tmp'

export interface StoreIdentity {
  /** 16 random bytes. */
  readonly storeId: Buffer
  /** 1; another, random number in what was restored or salvaged. */
  readonly timeline: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

export function encodeIdentity(identity: StoreIdentity, plain: Checksum): Buffer {
  const bytes = Buffer.alloc(IDENTITY_BYTES)
  IDENTITY_MAGIC.copy(bytes, F.magic.at)
  bytes.writeUInt16BE(FORMAT_VERSION, F.version.at)
  identity.storeId.copy(bytes, F.storeId.at)
  writeU64(bytes, identity.timeline, F.timeline.at)
  writeU64(bytes, identity.createdAt, F.createdAt.at)
  bytes.writeBigUInt64BE(plain.sum(bytes.subarray(0, F.sum.at)), F.sum.at)
  return bytes
}

/** @throws CORRUPT, FORMAT_UNSUPPORTED */
export function decodeIdentity(bytes: Buffer, plain: Checksum): StoreIdentity {
  const isWhole = bytes.length === IDENTITY_BYTES && bytes.subarray(0, 8).equals(IDENTITY_MAGIC)
  if (!isWhole || plain.sum(bytes.subarray(0, F.sum.at)) !== bytes.readBigUInt64BE(F.sum.at)) {
    throw new TwinlogError('CORRUPT', `${IDENTITY_FILE} is damaged`, { place: IDENTITY_FILE })
  }
  const version = bytes.readUInt16BE(F.version.at)
  if (version > FORMAT_VERSION || bytes.readUInt32BE(F.criticalFlags.at) !== 0) {
    throw new TwinlogError('FORMAT_UNSUPPORTED', 'the store was written by a newer version of twinlog', {
      place: IDENTITY_FILE,
      version,
    })
  }
  const storeId = Buffer.from(bytes.subarray(F.storeId.at, F.storeId.at + F.storeId.bytes))
  return { storeId, timeline: readU64(bytes, F.timeline.at), createdAt: readU64(bytes, F.createdAt.at) }
}

/** The identity of the store on this disk; null when there is no identity file. @throws CORRUPT, FORMAT_UNSUPPORTED */
export async function readIdentity(disk: Disk): Promise<StoreIdentity | null> {
  const [bytes, plain] = await Promise.all([disk.readWhole(IDENTITY_FILE), Checksum.plain()])
  return bytes === null ? null : decodeIdentity(bytes, plain)
}

/**
 * Makes the directory a store. A crash on the way leaves a directory without an identity file, and the next call
 * starts again.
 */
export async function createIdentity(disk: Disk, createdAt: number): Promise<StoreIdentity> {
  const identity = { storeId: randomBytes(16), timeline: 1, createdAt }
  await disk.makeFolder(SEGMENT_FOLDER)
  await writeIdentity(disk, identity)
  return identity
}

/** Renames the identity file into place: from then on the directory is a store. */
export async function writeIdentity(disk: Disk, identity: StoreIdentity): Promise<void> {
  await disk.remove(UNFINISHED)
  const file = await disk.create(UNFINISHED, { durable: false })
  try {
    await file.write(encodeIdentity(identity, await Checksum.plain()), 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await disk.rename(UNFINISHED, IDENTITY_FILE)
  await disk.syncFolder('')
}

/**
 * The same store, in another timeline: what goes on from a copy of it is not what goes on from the store itself, nor
 * from another copy. Random, so that two copies never have the same.
 */
export function inNewTimeline(identity: StoreIdentity): StoreIdentity {
  for (;;) {
    const timeline = randomInt(2, 2 ** 48 - 1)
    if (timeline !== identity.timeline) return { ...identity, timeline }
  }
}

/** Whether a directory without identity file holds nothing but what an unfinished creation leaves. */
export async function isFresh(disk: Disk, ours: readonly string[]): Promise<boolean> {
  const known = new Set([UNFINISHED, SEGMENT_FOLDER, ...ours])
  if ((await disk.list('')).some(name => !known.has(name))) return false
  return (await disk.list(SEGMENT_FOLDER)).length === 0
}
