/**
 * The `msgpack` codec, and the only file that knows msgpackr. What it writes is frozen: plain maps, no shared
 * structures, so that each payload can be read by itself; numbers, strings and timestamps as the msgpack standard has
 * them, and three of msgpackr's own extension types: 0x00 undefined, 0x74 typed array (one byte for the class, then
 * its memory, little-endian), 0xff timestamp, which is standard.
 */
import { Packr, RESET_BUFFER_MODE } from 'msgpackr'
import { TwinlogError } from '../../errors.ts'
import { checkSize, type SizeLimit } from './size-limit.ts'
import { findUnsupported } from './unsupported.ts'

const packr = new Packr({
  useRecords: false,
  // Without it, 65,536 keys are too many for a map, and small maps are larger.
  variableMapSize: true,
  // Typed arrays keep their class.
  moreTypes: true,
  // A key `toJSON` is a key.
  useToJSON: false,
  // Decoded Buffers are the caller's own.
  copyBuffers: true,
})

/** msgpackr's working buffer grows to fit and never shrinks; a larger one is dropped after use. */
const WORKING_BYTES_KEPT = 256 * 1024
const WORKING_BYTES_FRESH = 8 * 1024

/**
 * Encodes `value` so that decoding gives it back exactly.
 * @throws UNSUPPORTED_VALUE when it would not, and the limit's code
 */
export function encodeMsgpack(value: unknown, limit: SizeLimit): Uint8Array {
  const path = findUnsupported(value, limit, isPackedAsOurs)
  if (path !== undefined) {
    throw new TwinlogError('UNSUPPORTED_VALUE', `msgpack would not give this value back: ${path}`, { path })
  }
  // The working buffer is shared by all that use msgpackr in this process, so its bytes are copied at once.
  const packed = packr.pack(value, RESET_BUFFER_MODE)
  if (packed.length > WORKING_BYTES_KEPT) packr.useBuffer(Buffer.allocUnsafeSlow(WORKING_BYTES_FRESH))
  checkSize(packed.length, limit)
  return Buffer.from(packed)
}

export function decodeMsgpack(bytes: Uint8Array): unknown {
  // A Buffer, so that Buffers within come back as Buffers; a new one, because msgpackr leaves a property on it.
  return packr.unpack(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as unknown
}

/**
 * The classes that msgpackr packs by an extension. `addExtension` replaces them for the whole process, so a host that
 * uses msgpackr for other things can change what is written here: an empty one of each class tells.
 */
const probes = new Map<object, { readonly empty: object; readonly hex: string }>([
  [Date.prototype, { empty: new Date(0), hex: 'd6ff00000000' }],
  [Buffer.prototype, { empty: Buffer.alloc(0), hex: 'c400' }],
  ...[
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((TypedArray, code) => {
    const hex = `c70174${code.toString(16).padStart(2, '0')}`
    return [TypedArray.prototype, { empty: new TypedArray(0), hex }] as const
  }),
])

function isPackedAsOurs(prototype: object): boolean {
  const probe = probes.get(prototype)
  return probe !== undefined && packr.pack(probe.empty, RESET_BUFFER_MODE).toString('hex') === probe.hex
}
