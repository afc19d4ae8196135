/**
 * Checks every byte of LevelDB's table files, which LevelDB itself never does. The files are held open, so that a table
 * that LevelDB has merged into another one and deleted meanwhile is checked all the same: its damage may live on there.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import {
  blockContents,
  type BlockHandle,
  decodeFooter,
  decodeHandles,
  doTile,
  endOf,
  FOOTER_BYTES,
  type Footer,
  isBlockWhole,
  type TableFile,
  TRAILER_BYTES,
} from './level-format.ts'

/** Read at once, about; a single block may be larger. */
const READ_BYTES = 256 * 1024
/** By as much as a block of the usual size reaches over that. */
const SPARE_BYTES = 8 * 1024

/** Called between two reads of so many bytes: to wait, to report, or, by throwing, to end it. */
type AfterRead = (bytes: number) => Promise<void> | void

export function tableName(number: number): string {
  return `${String(number).padStart(6, '0')}.ldb`
}

export class HeldTables {
  readonly #tables: readonly TableFile[]
  readonly #files: readonly FileHandle[]

  private constructor(tables: readonly TableFile[], files: readonly FileHandle[]) {
    this.#tables = tables
    this.#files = files
  }

  static async open(directory: string, tables: readonly TableFile[]): Promise<HeldTables> {
    const files: FileHandle[] = []
    try {
      for (const { number } of tables) files.push(await open(join(directory, tableName(number))))
      return new HeldTables(tables, files)
    } catch (error) {
      for (const file of files) await file.close()
      throw error
    }
  }

  get count(): number {
    return this.#tables.length
  }

  get bytes(): number {
    return bytesOf(this.#tables)
  }

  /** What is damaged, the first of it; null: every byte is as LevelDB wrote it. */
  async findDamage(afterRead: AfterRead): Promise<string | null> {
    const ahead = new ReadAhead()
    for (const [i, { number, bytes }] of this.#tables.entries()) {
      const file = this.#files[i]
      const at = file === undefined ? null : await tableDamage(file, bytes, ahead, afterRead)
      if (at !== null) return `${tableName(number)} is damaged at byte ${at}`
    }
    return null
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close()
  }
}

export function bytesOf(tables: readonly TableFile[]): number {
  return tables.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** Where damage begins that the check met first. */
async function tableDamage(
  file: FileHandle,
  bytes: number,
  ahead: ReadAhead,
  afterRead: AfterRead,
): Promise<number | null> {
  const footer = await readFooter(file, bytes)
  if (footer === null) return Math.max(0, bytes - FOOTER_BYTES)
  const blocks = await readHandles(file, footer.index)
  const metaBlocks = await readHandles(file, footer.metaIndex)
  if (metaBlocks === null) return footer.metaIndex.offset
  const all = [...(blocks ?? []), ...metaBlocks]
  if (blocks === null || !doTile(all, 0, footer.metaIndex.offset)) return footer.index.offset
  await afterRead(bytes - footer.metaIndex.offset)
  for await (const { stretch, from, read } of ahead.read(file, stretchesOf(all))) {
    for (const block of stretch) {
      if (!isBlockWhole(read.subarray(block.offset - from, endOf(block) - from))) return block.offset
    }
    await afterRead(read.length)
  }
  return null
}

/** Blocks that lie side by side, and the bytes from where they begin: fewer than they take where the file can't be read. */
interface ReadStretch {
  readonly stretch: readonly BlockHandle[]
  readonly from: number
  readonly read: Buffer
}

/** Reads the next stretch while one is checked, in the same memory for all of them: new memory costs more than reading. */
class ReadAhead {
  #memory: readonly [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)]

  /** What is given is good until the next is asked for. */
  async *read(file: FileHandle, stretches: Iterable<BlockHandle[]>): AsyncGenerator<ReadStretch> {
    let next: Promise<ReadStretch> | null = null
    try {
      for (const stretch of stretches) {
        const now = next
        next = this.#begin(file, stretch)
        // Whoever waits for it hears of an error; nobody may.
        next.catch(() => undefined)
        if (now !== null) yield await now
      }
      if (next !== null) yield await next
    } finally {
      await next?.catch(() => undefined)
    }
  }

  async #begin(file: FileHandle, stretch: readonly BlockHandle[]): Promise<ReadStretch> {
    const from = stretch[0]?.offset ?? 0
    const bytes = stretch.reduce((_, block) => endOf(block), from) - from
    const [first, second] = this.#memory
    const target = first.length >= bytes ? first : Buffer.allocUnsafeSlow(Math.max(bytes, READ_BYTES + SPARE_BYTES))
    this.#memory = [second, target]
    return { stretch, from, read: await readInto(file, target.subarray(0, bytes), from) }
  }
}

/** The first data block of a table, null where it is damaged. */
export async function readFirstBlock(file: FileHandle): Promise<Buffer | null> {
  const { size } = await file.stat()
  const footer = await readFooter(file, size)
  const [first] = (footer === null ? null : await readHandles(file, footer.index)) ?? []
  return first === undefined || endOf(first) > size ? null : readBlock(file, first)
}

async function readFooter(file: FileHandle, fileBytes: number): Promise<Footer | null> {
  if (fileBytes < FOOTER_BYTES) return null
  return decodeFooter(await readAt(file, fileBytes - FOOTER_BYTES, FOOTER_BYTES), fileBytes)
}

async function readHandles(file: FileHandle, handle: BlockHandle): Promise<BlockHandle[] | null> {
  const block = await readBlock(file, handle)
  return block === null ? null : decodeHandles(block)
}

/** Null when it is damaged. */
async function readBlock(file: FileHandle, handle: BlockHandle): Promise<Buffer | null> {
  return blockContents(await readAt(file, handle.offset, handle.bytes + TRAILER_BYTES))
}

/** Shorter where the file ends, or can't be read: a sector that is lost is damage, too. */
export function readAt(file: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  return readInto(file, Buffer.allocUnsafe(bytes), offset)
}

async function readInto(file: FileHandle, target: Buffer, offset: number): Promise<Buffer> {
  let done = 0
  try {
    while (done < target.length) {
      const { bytesRead } = await file.read(target, done, target.length - done, offset + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EIO')) throw error
  }
  return target.subarray(0, done)
}

/** Blocks that lie side by side, as many as are read at once. */
function* stretchesOf(blocks: readonly BlockHandle[]): Generator<BlockHandle[]> {
  let stretch: BlockHandle[] = []
  let bytes = 0
  for (const block of blocks) {
    stretch.push(block)
    bytes += block.bytes + TRAILER_BYTES
    if (bytes < READ_BYTES) continue
    yield stretch
    stretch = []
    bytes = 0
  }
  if (stretch.length > 0) yield stretch
}
