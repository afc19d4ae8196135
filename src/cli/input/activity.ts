/** What `import` needs to know of an item: whether it is a JSON object, its id, and whose it is. */
import { createHash } from 'node:crypto'

interface Activity {
  /** The item's `id`, or one made from its bytes when it has none. */
  readonly key: string
  /** The id of the one actor it names; undefined when it names none, or several. */
  readonly actor: string | undefined
}

type ActivityRefusal = 'INVALID_JSON' | 'NOT_AN_OBJECT'

/** Reads the exact bytes of one item. */
export function readActivity(bytes: Uint8Array): Activity | ActivityRefusal {
  let item: unknown
  try {
    item = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return 'INVALID_JSON'
  }
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return 'NOT_AN_OBJECT'
  const { id, actor, attributedTo } = item as Record<string, unknown>
  return { key: textOf(id) ?? contentKey(bytes), actor: referenceOf(actor ?? attributedTo) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** An id given as a string, as an object's `id`, or as the only one of a list: JSON-LD says all three alike. */
function referenceOf(value: unknown): string | undefined {
  const one: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value
  return typeof one === 'object' && one !== null ? textOf((one as Record<string, unknown>)['id']) : textOf(one)
}

/** Without an id, the same bytes are the same item: importing them again adds nothing. */
function contentKey(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
