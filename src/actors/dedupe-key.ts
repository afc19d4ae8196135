/**
 * From a dedupe key as the host writes it (an activity's `id`) to the 16 bytes that the log store keeps: SHA-256 of its
 * UTF-8, truncated. Ids are chosen by strangers, so a weaker hash would let one of them block another's activity.
 * What is hashed, and how, is frozen: it is in every store.
 */
import { hash } from 'node:crypto'
import { KEY_BYTES } from '../record/layout.ts'

export function hashDedupeKey(key: string): Uint8Array {
  // By way of a string ('binary': a character a byte), because a hash of bytes comes in a memory of its own.
  return Buffer.from(hash('sha256', key, 'binary').slice(0, KEY_BYTES), 'binary')
}
