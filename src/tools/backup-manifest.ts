/**
 * What makes a directory a backup: `backup.json`, written last, which names the files and how much of each counts. It
 * holds the store's identity in place of `twinlog.id`, so that nobody opens a backup as a store by accident.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Checksum } from '../bytes/checksum.ts'
import type { StoreIdentity } from '../commit-log/identity.ts'
import { toTwinlogError } from '../commit-log/node-disk.ts'
import { parseSegmentFileName } from '../commit-log/segment-header.ts'
import type { LogPoint } from '../commit-log/segment-scan.ts'
import { TwinlogError } from '../errors.ts'

export const MANIFEST_FILE = 'backup.json'
/** There from the first moment of the first run until the first manifest is. */
export const UNFINISHED_BACKUP_FILE = 'backup.unfinished'
const VERSION = 1

export interface BackupFile {
  /** In the folder `segments`. */
  readonly name: string
  /** How many bytes of it count. */
  readonly bytes: number
  /** It never changes again. */
  readonly isSealed: boolean
}

export interface BackupManifest {
  readonly identity: StoreIdentity
  /** When the backup began, in milliseconds since 1970. */
  readonly madeAt: number
  /** What it reaches to; commit 0 for an empty log. */
  readonly end: LogPoint
  readonly files: readonly BackupFile[]
}

export async function encodeManifest({ identity, madeAt, end, files }: BackupManifest): Promise<Buffer> {
  const body = {
    twinlogBackup: VERSION,
    storeId: identity.storeId.toString('hex'),
    timeline: identity.timeline,
    createdAt: identity.createdAt,
    madeAt,
    end: { segment: end.segment, offset: end.offset, commit: end.commit, chain: end.chain?.toString(16) ?? null },
    files,
  }
  return Buffer.from(`${JSON.stringify({ ...body, sum: await sumOf(body) }, null, 1)}\n`)
}

/** The manifest of a backup; null when there is none. @throws NOT_A_BACKUP (damaged), FORMAT_UNSUPPORTED, IO_ERROR */
export async function readManifest(directory: string): Promise<BackupManifest | null> {
  let text: string
  try {
    text = await readFile(join(directory, MANIFEST_FILE), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null
    throw toTwinlogError(join(directory, MANIFEST_FILE), error)
  }
  const manifest = await decodeManifest(text)
  if (manifest !== null) return manifest
  throw new TwinlogError('NOT_A_BACKUP', `${MANIFEST_FILE} in ${directory} is damaged`, {
    path: directory,
    reason: 'damaged',
  })
}

/** Null when it is none. @throws FORMAT_UNSUPPORTED */
async function decodeManifest(text: string): Promise<BackupManifest | null> {
  const fields = fieldsOf(text)
  if (fields === null) return null
  const { sum, ...body } = fields
  if (sum !== (await sumOf(body))) return null
  if (body['twinlogBackup'] !== VERSION) {
    throw new TwinlogError('FORMAT_UNSUPPORTED', 'the backup was made by a newer version', { place: MANIFEST_FILE })
  }
  const { storeId, timeline, createdAt, madeAt, end, files } = body as unknown as WrittenManifest
  const chain = end.chain === null ? null : BigInt(`0x${end.chain}`)
  if (files.some(({ name }) => parseSegmentFileName(name) === null)) return null
  return {
    identity: { storeId: Buffer.from(storeId, 'hex'), timeline, createdAt },
    madeAt,
    end: { ...end, chain },
    files,
  }
}

/** The form on disk: whatever has the right checksum has it. */
interface WrittenManifest {
  readonly storeId: string
  readonly timeline: number
  readonly createdAt: number
  readonly madeAt: number
  readonly end: Omit<LogPoint, 'chain'> & { readonly chain: string | null }
  readonly files: readonly BackupFile[]
}

function fieldsOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

async function sumOf(body: object): Promise<string> {
  const sum = (await Checksum.plain()).sum(Buffer.from(JSON.stringify(body)))
  return sum.toString(16).padStart(16, '0')
}
