/** How large an encoded payload or `meta` may be. Checked before anything is written. */
import { TwinlogError } from '../../errors.ts'

export interface SizeLimit {
  readonly code: 'PAYLOAD_TOO_LARGE' | 'META_TOO_LARGE'
  readonly bytesMax: number
}

export function checkSize(bytes: number, limit: SizeLimit): void {
  if (bytes > limit.bytesMax) throw tooLarge(bytes, limit)
}

/** `bytes` may be a lower bound: a value that is too large is not encoded just to learn by how much. */
export function tooLarge(bytes: number, { code, bytesMax }: SizeLimit): TwinlogError {
  const what = code === 'META_TOO_LARGE' ? 'meta' : 'The payload'
  return new TwinlogError(code, `${what} takes ${bytes} bytes or more; the limit is ${bytesMax}`, { bytes, bytesMax })
}
