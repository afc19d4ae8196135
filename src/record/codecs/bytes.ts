/** The `bytes` codec: what it is given, and nothing else. */
import { checkSize, type SizeLimit } from './size-limit.ts'

/** A copy: the caller may go on to change its own. */
export function encodeBytes(bytes: Uint8Array, limit: SizeLimit): Uint8Array {
  checkSize(bytes.byteLength, limit)
  return Buffer.from(bytes)
}
