/** The `bytes` codec: what it is given, and nothing else. */
import { checkSize, type SizeLimit } from './size-limit.ts'

/** The very bytes, not copied: whoever keeps them copies them. Memory that other threads may write meanwhile is copied. */
export function encodeBytes(bytes: Uint8Array, limit: SizeLimit): Uint8Array {
  checkSize(bytes.byteLength, limit)
  return bytes.buffer instanceof SharedArrayBuffer ? Buffer.from(bytes) : bytes
}
