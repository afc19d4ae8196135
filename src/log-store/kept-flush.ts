/** A flush that outlives the call it came with: whoever made it may change its bytes as soon as the call returns. */
import type { Flush } from './types.ts'

/** The same flush, with bytes of its own: those that it came with are the caller's again. */
export function keptFlush(flush: Flush): Flush {
  return {
    ...flush,
    payloads: flush.payloads.map(({ codec, bytes }) => ({ codec, bytes: Buffer.from(bytes) })),
    appends: flush.appends.map(append => ({ ...append, key: copyOf(append.key), meta: copyOf(append.meta) })),
    items: flush.items?.map(item => ({ ...item, value: item.value === null ? null : Buffer.from(item.value) })),
  }
}

function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes)
}
