/**
 * The `json` codec keeps the exact bytes of one JSON text: what a signature was made over, and what a retry with the
 * same dedupe key is compared with. It checks that they are UTF-8 and JSON, and changes nothing.
 */
import { isUtf8 } from 'node:buffer'
import { TwinlogError } from '../../errors.ts'
import { checkSize, type SizeLimit } from './size-limit.ts'
import { isWellFormed } from './well-formed.ts'

/**
 * A copy of the bytes, checked.
 * @throws INVALID_JSON, and the limit's code
 */
export function encodeJson(json: Uint8Array | string, limit: SizeLimit): Uint8Array {
  if (typeof json === 'string') {
    checkSize(Buffer.byteLength(json), limit)
    if (!isWellFormed(json)) throw invalid('The JSON text holds a lone surrogate')
    parse(json)
    return Buffer.from(json)
  }
  checkSize(json.byteLength, limit)
  const bytes = Buffer.from(json)
  if (!isUtf8(bytes)) throw invalid('The JSON bytes are not well-formed UTF-8')
  decodeJson(bytes)
  return bytes
}

/** @throws INVALID_JSON */
export function decodeJson(bytes: Uint8Array): unknown {
  // `toString` keeps a byte order mark, which JSON.parse refuses; a TextDecoder would swallow it.
  return parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString())
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw invalid('The text is not JSON', error)
  }
}

function invalid(message: string, cause?: unknown): TwinlogError {
  return new TwinlogError('INVALID_JSON', message, {}, cause)
}
