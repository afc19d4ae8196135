/**
 * JSON that this package has read strictly itself, in bytes that nobody else holds: an append takes them as they are, where
 * it would parse and copy a host's. They are known by identity, and only from here, so no host can mark bytes of its own. One that
 * wraps `store.append` sees them on their way, and must not change them.
 */

const checked = new WeakSet<Uint8Array>()

export function markChecked(json: Uint8Array): void {
  checked.add(json)
}

export function isChecked(json: Uint8Array | string): json is Uint8Array {
  return typeof json !== 'string' && checked.has(json)
}
