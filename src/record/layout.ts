/**
 * The entry format: where each field of an entry stands. Constants only, shared by the encoder, the decoder and the
 * test that compares them with docs/format.md. On-disk values: never change one.
 */

/** First byte of every entry. */
export const ENTRY_MAGIC = 0xe5
export const ENTRY_HEADER_BYTES = 56

export const ENTRY_FIELDS = {
  magic: { at: 0, bytes: 1 },
  type: { at: 1, bytes: 1 },
  flags: { at: 2, bytes: 1 },
  codec: { at: 3, bytes: 1 },
  payloadLength: { at: 4, bytes: 4 },
  ordinal: { at: 8, bytes: 4 },
  keyLength: { at: 12, bytes: 1 },
  sequence: { at: 13, bytes: 7 },
  log: { at: 20, bytes: 6 },
  receivedAt: { at: 26, bytes: 6 },
  metaLength: { at: 32, bytes: 2 },
  reserved: { at: 34, bytes: 2 },
  payloadAt: { at: 36, bytes: 4 },
  payloadSum: { at: 40, bytes: 8 },
  headerSum: { at: 48, bytes: 8 },
} as const

/** What an entry is. */
export const ENTRY_TYPE = {
  append: 1,
  payload: 2,
  keyOnly: 3,
  actorAdded: 4,
  actorRemoved: 5,
  bounds: 6,
  redact: 7,
  lost: 8,
  itemPut: 9,
  itemDelete: 10,
} as const

/** How the payload of an `append` or `payload` entry is encoded; 0 where there is no payload of the host's. */
export const CODEC_ID = { none: 0, json: 1, msgpack: 2, bytes: 3 } as const

/** A reader that does not know one of these flag bits must refuse the entry; the others it may ignore. */
export const CRITICAL_ENTRY_FLAGS = 0xf0

export const KEY_BYTES = 16
export const META_BYTES_MAX = 4096
/** The most that a payload may be in any store; a store's own limit is lower by default. */
export const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024
export const ACTOR_ID_BYTES_MAX = 2048
/** The most sequences that one `lost` entry declares; a longer stretch takes several. */
export const LOST_SEQUENCES_MAX = 1024
/** Actor numbers are 1 to this; log number = actor number × 2 + (0 inbox, 1 outbox), in 48 bits. */
export const ACTOR_NUMBER_MAX = 2 ** 46
