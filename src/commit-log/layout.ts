/**
 * The segment and frame formats: where each field stands. Constants only, shared by writer, reader and the test that
 * compares them with docs/format.md. On-disk values: never change one.
 */

/** Raised when a reader of the old version could misread the new one. Every released version stays readable. */
export const FORMAT_VERSION = 1

/** `TWINSEG` and a line feed, which a text-mode copy would change. */
export const SEGMENT_MAGIC = Buffer.from('TWINSEG\n', 'latin1')
export const SEGMENT_HEADER_BYTES = 128

export const SEGMENT_FIELDS = {
  magic: { at: 0, bytes: 8 },
  version: { at: 8, bytes: 2 },
  headerLength: { at: 10, bytes: 2 },
  criticalFlags: { at: 12, bytes: 4 },
  storeId: { at: 16, bytes: 16 },
  firstSegment: { at: 32, bytes: 4 },
  lastSegment: { at: 36, bytes: 4 },
  generation: { at: 40, bytes: 4 },
  cutOffset: { at: 44, bytes: 4 },
  cutCommit: { at: 48, bytes: 8 },
  cutChain: { at: 56, bytes: 8 },
  nextLog: { at: 64, bytes: 8 },
  timeline: { at: 72, bytes: 8 },
  reclaimedThrough: { at: 80, bytes: 8 },
  lastCommit: { at: 88, bytes: 8 },
  chainOut: { at: 96, bytes: 8 },
  frameCount: { at: 104, bytes: 4 },
  mapCount: { at: 108, bytes: 4 },
  mapOffset: { at: 112, bytes: 8 },
  headerSum: { at: 120, bytes: 8 },
} as const

/** `TWFR`. */
export const FRAME_MAGIC = 0x5457_4652
export const FRAME_HEADER_BYTES = 64

export const FRAME_FIELDS = {
  magic: { at: 0, bytes: 4 },
  flags: { at: 4, bytes: 2 },
  reserved: { at: 6, bytes: 2 },
  bodyLength: { at: 8, bytes: 4 },
  entryCount: { at: 12, bytes: 4 },
  birthSegment: { at: 16, bytes: 4 },
  birthOffset: { at: 20, bytes: 4 },
  commit: { at: 24, bytes: 8 },
  durableCommit: { at: 32, bytes: 8 },
  previousChain: { at: 40, bytes: 8 },
  entriesSum: { at: 48, bytes: 8 },
  chain: { at: 56, bytes: 8 },
} as const

/** In a segment that was written again, the place where an entry was born stands before it. */
export const BIRTH_FIELDS = {
  birthSegment: { at: 0, bytes: 4 },
  birthOffset: { at: 4, bytes: 4 },
} as const
export const BIRTH_PREFIX_BYTES = 8

/** One row of the map of a segment that was written again. */
export const MAP_FIELDS = {
  birthSegment: { at: 0, bytes: 4 },
  birthOffset: { at: 4, bytes: 4 },
  newOffset: { at: 8, bytes: 4 },
} as const
export const MAP_ROW_BYTES = 12
export const MAP_SUM_BYTES = 8

/** Identity file: `TWINLOG` and a line feed. */
export const IDENTITY_MAGIC = Buffer.from('TWINLOG\n', 'latin1')
export const IDENTITY_BYTES = 64

export const IDENTITY_FIELDS = {
  magic: { at: 0, bytes: 8 },
  version: { at: 8, bytes: 2 },
  reserved: { at: 10, bytes: 2 },
  criticalFlags: { at: 12, bytes: 4 },
  storeId: { at: 16, bytes: 16 },
  timeline: { at: 32, bytes: 8 },
  createdAt: { at: 40, bytes: 8 },
  unused: { at: 48, bytes: 8 },
  sum: { at: 56, bytes: 8 },
} as const

/** A frame is closed once it holds this much; a single flush may be larger, up to `FLUSH_BYTES_MAX`. */
export const FRAME_BYTES_TARGET = 8 * 1024 * 1024
/** The most that the entries of one flush may take. */
export const FLUSH_BYTES_MAX = 128 * 1024 * 1024
/** A segment takes no new frame once it is this long, unless the store says otherwise. */
export const SEGMENT_BYTES_DEFAULT = 64 * 1024 * 1024
export const SEGMENT_BYTES_MAX = 1024 * 1024 * 1024
