/**
 * Opens a store in a directory: the composition root of the engine over the embedded or the read-only driver.
 */
import { join, resolve } from 'node:path'
import { RECEIVED_AT_MAX } from './actors/engine.ts'
import { createStore } from './consumers/create-store.ts'
import { SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MAX } from './commit-log/layout.ts'
import { nodeDisk } from './commit-log/node-disk.ts'
import { withPeers, type HostStore } from './host-store.ts'
import { openEmbeddedBeside } from './log-store/embedded/open-embedded.ts'
import { openReadOnly } from './log-store/read-only/open-read-only.ts'
import { checkOptions, inRange, oneOf, type OpenProgress, type OptionType, progressReporter } from './open-options.ts'
import { PeerCache, type PeerOptions } from './peers/peer-cache.ts'
import { PAYLOAD_BYTES_MAX } from './record/layout.ts'

const MIB = 1024 * 1024
const PEERS_DIRECTORY = 'peers'

export interface OpenOptions {
  /** Make the directory a store when it is empty or does not exist. True by default. */
  readonly createIfMissing?: boolean
  /** Only read, beside a running owner or without one, from the segment files alone. Takes no lock, writes nothing. */
  readonly readOnly?: boolean
  /**
   * When an append is acknowledged: `disk` (default) once it would survive a power cut; `os` once the operating system
   * has it, which survives the process but not the machine until `flush()`. One store never mixes the two.
   */
  readonly durability?: 'disk' | 'os'
  /** How long to wait for another owner to let go, in milliseconds, 0 (default) to 2^31 - 1. */
  readonly lockWaitMs?: number
  /** The largest payload, in bytes, 1 to 64 MiB; 1 MiB by default. */
  readonly payloadBytesMax?: number
  /** A segment file takes no more once it is this long, in bytes, 4 KiB to 1 GiB; 64 MiB by default. */
  readonly segmentBytes?: number
  /** How much of the newest frames to keep in memory, in bytes, 0 to 1 GiB; 16 MiB by default. */
  readonly recentBytes?: number
  /** How many logs, actors and dedupe keys to keep in memory, 16 to 10,000,000; 20,000 by default. */
  readonly hotLogs?: number
  /** Appends wait while more changes than this are not indexed; bounds replay. 1,000 to 10,000,000; 200,000 by default. */
  readonly unindexedMax?: number
  /** Appends that would leave fewer bytes free are refused with `LOW_SPACE`: 0 (none are) to 2^53 - 1; 64 MiB by default. */
  readonly freeBytesMin?: number
  /** Limits of the peer cache, and peers that are there from the start. */
  readonly peers?: PeerOptions
  /** Milliseconds since 1970; `Date.now` by default. */
  readonly clock?: () => number
  /** Told about long work while opening. */
  readonly onProgress?: (progress: OpenProgress) => void
}

/**
 * Opens the store at `path`, and makes one where nothing is. One owner at a time; `readOnly` readers besides.
 * @throws LOCKED, NOT_A_STORE, STORE_NOT_FOUND, FORMAT_UNSUPPORTED, LOG_LOST, CORRUPT (the identity file), LOW_SPACE,
 *   READ_ONLY, OUT_OF_RANGE, IO_ERROR,
 *   PEER_INVALID (an initial peer)
 */
export async function open(path: string, options: OpenOptions = {}): Promise<HostStore> {
  if (typeof path !== 'string' || path === '') throw new TypeError('path must be a non-empty string')
  checkOptions('open', OPTION_TYPES, options)
  const root = resolve(path)
  const disk = nodeDisk(root)
  const clock = options.clock ?? Date.now
  inRange('clock', Math.floor(clock()), 0, RECEIVED_AT_MAX, 0)
  const payloadBytesMax = inRange('payloadBytesMax', options.payloadBytesMax, 1, PAYLOAD_BYTES_MAX, MIB)
  const report = progressReporter(options.onProgress)
  if (options.readOnly === true) {
    const driver = await openReadOnly({
      path: root,
      disk,
      onScan: done => report('scan', done, null),
    })
    return withPeers(createStore(driver, { clock, payloadBytesMax }), PeerCache.inMemory({ ...options.peers, clock }))
  }
  const openPeers = PeerCache.opener(join(root, PEERS_DIRECTORY), { ...options.peers, clock })
  const embedded = {
    path: root,
    disk,
    clock: () => Math.floor(clock()),
    createIfMissing: options.createIfMissing ?? true,
    durability: oneOf('durability', options.durability ?? 'disk', ['disk', 'os']),
    lockWaitMs: inRange('lockWaitMs', options.lockWaitMs, 0, 2 ** 31 - 1, 0),
    segmentBytes: inRange('segmentBytes', options.segmentBytes, 4096, SEGMENT_BYTES_MAX, SEGMENT_BYTES_DEFAULT),
    recentBytes: inRange('recentBytes', options.recentBytes, 0, 1024 * MIB, 16 * MIB),
    hot: inRange('hotLogs', options.hotLogs, 16, 10_000_000, 20_000),
    unindexedMax: inRange('unindexedMax', options.unindexedMax, 1000, 10_000_000, 200_000),
    unindexedBytesMax: 256 * MIB,
    freeBytesMin: inRange('freeBytesMin', options.freeBytesMin, 0, Number.MAX_SAFE_INTEGER, 64 * MIB),
    onWork: report,
  }
  const { driver, companion: peers } = await openEmbeddedBeside(embedded, openPeers)
  return withPeers(createStore(driver, { clock, payloadBytesMax }), peers)
}

const OPTION_TYPES: Readonly<Record<keyof OpenOptions, OptionType>> = {
  createIfMissing: 'boolean',
  readOnly: 'boolean',
  durability: 'string',
  lockWaitMs: 'number',
  payloadBytesMax: 'number',
  segmentBytes: 'number',
  recentBytes: 'number',
  hotLogs: 'number',
  unindexedMax: 'number',
  freeBytesMin: 'number',
  peers: 'object',
  clock: 'function',
  onProgress: 'function',
}
