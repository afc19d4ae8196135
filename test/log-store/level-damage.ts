/** Damage to LevelDB's tables of a kind that is known to end its process, or that no checksum shows. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c } from '../../src/bytes/crc32c.ts'
import {
  decodeFooter,
  decodeHandles,
  FOOTER_BYTES,
  blockContents,
  endOf,
  isBlockWhole,
} from '../../src/key-index/level-format.ts'

/** The tables of a closed store's index. */
export async function tablesOf(store: string): Promise<string[]> {
  const names = await readdir(join(store, 'index'))
  return names.filter(name => name.endsWith('.ldb')).map(name => join(store, 'index', name))
}

/**
 * Gives the first key of each table three bytes. LevelDB takes it for granted that a key has eight at least: an assertion
 * fails, and the process gets SIGABRT. `sealed`: with a checksum to match, as if LevelDB had merged damage into it.
 */
export async function shortenFirstKeys(store: string, { sealed }: { readonly sealed: boolean }): Promise<void> {
  for (const path of await tablesOf(store)) {
    const table = await readFile(path)
    const { index } = decodeFooter(table.subarray(-FOOTER_BYTES), table.length)!
    const first = decodeHandles(blockContents(table.subarray(index.offset, endOf(index)))!)![0]!
    const block = table.subarray(first.offset, endOf(first))
    block[1] = 3
    if (sealed) {
      const sum = crc32c(block, 0, block.length - 4)
      block.writeUInt32LE((((sum >>> 15) | (sum << 17)) + 0xa282_ead8) >>> 0, block.length - 4)
    }
    if (isBlockWhole(block) !== sealed) throw new Error('the checksum is not what was wanted')
    await writeFile(path, table)
  }
}

/** Flips a bit in the middle of each table. */
export async function flipTables(store: string): Promise<void> {
  for (const path of await tablesOf(store)) {
    const table = await readFile(path)
    table[table.length >> 2]! ^= 16
    await writeFile(path, table)
  }
}
