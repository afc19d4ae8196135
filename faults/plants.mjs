/**
 * Planted bugs: what a suite must find, or it finds nothing. Each is a change of the built code, made in a copy of it.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cache } from './needs.mjs'

/**
 * @typedef {{ readonly file: string, readonly find: string, readonly put: string }} Edit
 * @typedef {{ readonly name: string, readonly caughtBy: readonly string[], readonly edits: readonly Edit[] }} Plant
 */

const COMMIT_LOG = 'commit-log/commit-log.js'
const DISK = 'commit-log/node-disk.js'
const IDENTITY = 'commit-log/identity.js'
const LOCK = 'commit-log/store-lock.js'
const NEW_SEGMENT = 'commit-log/new-segment.js'
const FREE_SPACE = 'log-store/embedded/free-space.js'
const WRITE = 'segment.file.write(frame.bytes, frame.place.offset)'
const WRITE_FRAME = `const writing = ${WRITE};`

/** @type {readonly Plant[]} */
export const plants = [
  {
    name: 'acknowledges without a sync',
    caughtBy: ['crash states'],
    edits: [
      { file: DISK, find: "process.platform === 'linux' ? constants.O_DSYNC : 0", put: '0' },
      { file: DISK, find: 'if (this.#durable && SYNCED_WRITES === 0)', put: 'if (false)' },
    ],
  },
  {
    name: 'acknowledges before the write is done',
    caughtBy: ['crash states', 'kill -9'],
    edits: [
      {
        file: COMMIT_LOG,
        find: WRITE_FRAME,
        put: `const writing = Promise.resolve(); void new Promise(resolve => setTimeout(resolve, 200)).then(() => ${WRITE}).catch(() => {});`,
      },
    ],
  },
  {
    name: "does not sync the folder after a segment's rename",
    caughtBy: ['crash states'],
    edits: [{ file: NEW_SEGMENT, find: 'await disk.syncFolder(SEGMENT_FOLDER);', put: '' }],
  },
  {
    name: "does not sync the folder after the identity's rename",
    caughtBy: ['crash states'],
    edits: [{ file: IDENTITY, find: "await disk.syncFolder('');", put: '' }],
  },
  {
    name: 'does not sync the folder that the store lies in',
    caughtBy: ['crash states'],
    edits: [
      {
        file: 'log-store/embedded/open-embedded.js',
        find: 'await syncParent(disk, relative(path, dirname(directory)));',
        put: ';',
      },
    ],
  },
  {
    name: 'renames the identity into place before it is synced',
    caughtBy: ['crash states'],
    edits: [{ file: IDENTITY, find: 'await file.sync();', put: '' }],
  },
  {
    name: 'names a segment before its header is written',
    caughtBy: ['crash states'],
    edits: [
      {
        file: NEW_SEGMENT,
        find: 'await file.write(encodeSegmentHeader(header, identity.storeId, checksum), 0);',
        put: 'await disk.rename(unfinishedSegmentPath(number), segmentPath(number)); await file.write(encodeSegmentHeader(header, identity.storeId, checksum), 0);',
      },
      {
        file: NEW_SEGMENT,
        find: '        await disk.rename(unfinishedSegmentPath(number), segmentPath(number));\n        await disk.syncFolder',
        put: '        await disk.syncFolder',
      },
    ],
  },
  {
    name: 'serves an uncertain tail without writing it again',
    caughtBy: ['crash states'],
    edits: [
      { file: COMMIT_LOG, find: 'new CommitLog(options, tail.cut)', put: 'new CommitLog(options, tail.end)' },
      { file: COMMIT_LOG, find: 'if (tail.end.commit > tail.cut.commit)', put: 'if (false)' },
    ],
  },
  {
    name: 'takes a torn frame for a whole one',
    caughtBy: ['crash states'],
    edits: [{ file: 'commit-log/segment-scan.js', find: '(isDurable || isWhole(frame))', put: 'true' }],
  },
  {
    name: 'skips the checksum of payloads',
    caughtBy: ['crash states'],
    edits: [{ file: 'record/entry.js', find: 'checksum.sum(payload) !== entry.payloadSum', put: 'false' }],
  },
  {
    name: 'does not replay what the index lacks',
    caughtBy: ['kill -9', 'crash states'],
    edits: [
      {
        file: 'log-store/embedded/replay.js',
        find: 'for await (const frame of log.frames(from)) {',
        put: 'for await (const frame of log.frames(from)) { through = frame.end; continue;',
      },
    ],
  },
  {
    name: 'carries on after a write error',
    caughtBy: ['failing calls', 'full disk'],
    edits: [
      { file: COMMIT_LOG, find: 'this.#poison = cause;', put: '' },
      { file: COMMIT_LOG, find: 'this.onPoison(cause);', put: '' },
    ],
  },
  {
    name: 'acknowledges a write that failed',
    caughtBy: ['failing calls', 'full disk'],
    edits: [{ file: COMMIT_LOG, find: WRITE_FRAME, put: `const writing = ${WRITE}.catch(() => {});` }],
  },
  {
    name: 'takes a failed sync for a done one',
    caughtBy: ['failing calls'],
    edits: [
      { file: NEW_SEGMENT, find: 'await file.sync();', put: 'await file.sync().catch(() => {});' },
      {
        file: NEW_SEGMENT,
        find: 'await disk.syncFolder(SEGMENT_FOLDER);',
        put: 'await disk.syncFolder(SEGMENT_FOLDER).catch(() => {});',
      },
    ],
  },
  {
    name: 'takes half a write for a whole one',
    caughtBy: ['failing calls'],
    edits: [
      {
        file: DISK,
        find: 'if (written < bytes.length)',
        put: 'if (written === 0 && bytes.length > 0)',
      },
    ],
  },
  {
    name: 'never refuses for low space',
    caughtBy: ['full disk'],
    edits: [{ file: FREE_SPACE, find: 'if (this.#watermark === 0)', put: 'if (true)' }],
  },
  {
    name: 'never gives the reserve up',
    caughtBy: ['full disk'],
    edits: [{ file: FREE_SPACE, find: 'await this.#reserve.release();', put: ';' }],
  },
  {
    name: 'takes no lock',
    caughtBy: ['lifecycle'],
    edits: [{ file: LOCK, find: 'native.tryLock(fd) ?', put: 'true ?' }],
  },
  {
    name: 'locks by path and process',
    caughtBy: ['lifecycle'],
    edits: [
      {
        file: LOCK,
        find: 'const release = await attempt(fd);',
        put: 'globalThis.held ??= new Set(); const release = globalThis.held.has(directory) ? null : (globalThis.held.add(directory), async () => void globalThis.held.delete(directory));',
      },
    ],
  },
  {
    name: 'takes a log that is shorter than its index',
    caughtBy: ['lifecycle'],
    edits: [
      {
        file: 'commit-log/recovery.js',
        find: 'if (size < checkpoint.offset)',
        put: 'if (size < checkpoint.offset) return startOf(header); if (false)',
      },
      {
        file: 'log-store/embedded/open-index.js',
        find: 'if (reached !== null && log.end.commit < reached.commit)',
        put: 'if (false)',
      },
    ],
  },
]

/**
 * A copy of the build with the bug in it; returns its folder.
 * @param {string} dist
 * @param {Plant} plant
 */
export function planted(dist, { name, edits }) {
  const copy = join(cache, 'plants', name.replaceAll(/[^a-z]+/gi, '-'))
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy, { recursive: true })
  cpSync(dist, copy, { recursive: true })
  for (const { file, find, put } of edits) {
    const path = join(copy, file)
    const parts = readFileSync(path, 'utf8').split(find)
    if (parts.length !== 2) throw new Error(`${name}: ${file} has '${find}' ${parts.length - 1} times`)
    writeFileSync(path, parts.join(put))
  }
  return copy
}
