/** Why an item is refused. The codes are stable; docs/cli.md lists them (a test compares the two). */
import type { ErrorCode } from '../../index.ts'

export interface Refusal {
  readonly code: string
  readonly message: string
}

/** The command's own codes: the store never sees such an item. */
export const messages = {
  INVALID_JSON: 'This is not well-formed JSON in UTF-8.',
  NOT_AN_OBJECT: 'The item is no JSON object.',
  NO_ACTOR_IN_ITEM: 'The item names no actor, or several: say whose it is with --actor.',
  NO_ITEMS: 'The collection holds no items itself: import its pages.',
  TOO_LARGE: 'The item is longer than 64 MiB.',
  UNREADABLE: 'The file can be read no further.',
}

/** The engine's codes that are about this item alone. Any other one ends the import. */
export const engineCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INVALID_ACTOR_ID',
  'INVALID_JSON',
  'INVALID_KEY',
  'KEY_CONFLICT',
  'PAYLOAD_TOO_LARGE',
])

export function refusal(code: keyof typeof messages, detail = ''): Refusal {
  return { code, message: `${messages[code]}${detail}` }
}
