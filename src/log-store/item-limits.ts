/** What an item of the key-value table may be; checked by every driver before anything is written. */
import { TwinlogError } from '../errors.ts'
import { isWellFormed } from '../record/codecs/well-formed.ts'
import type { ItemChange } from './types.ts'

const KEY_BYTES_MAX = 512
const VALUE_BYTES_MAX = 1024 * 1024

/** @throws INVALID_KEY, PAYLOAD_TOO_LARGE */
export function checkItem({ key, value }: ItemChange): void {
  const keyBytes = Buffer.byteLength(key, 'utf8')
  if (keyBytes < 1 || keyBytes > KEY_BYTES_MAX || !isWellFormed(key)) {
    throw new TwinlogError('INVALID_KEY', `an item's key has 1 to ${KEY_BYTES_MAX} bytes of UTF-8`, { bytes: keyBytes })
  }
  const bytes = value?.length ?? 0
  if (bytes > VALUE_BYTES_MAX) {
    const facts = { bytes, bytesMax: VALUE_BYTES_MAX }
    throw new TwinlogError('PAYLOAD_TOO_LARGE', `an item's value has at most ${VALUE_BYTES_MAX} bytes`, facts)
  }
}
