/** Items of the index and items it does not hold yet, as one listing in byte order. */
import type { ItemValue } from '../../key-index/values.ts'
import type { Item } from '../types.ts'

export async function* mergeItems(
  indexed: AsyncIterable<readonly [string, ItemValue]>,
  changed: ReadonlyMap<string, ItemValue | null>,
  prefix: string,
): AsyncGenerator<readonly [string, Item]> {
  const news = [...changed].filter(([key]) => key.startsWith(prefix)).toSorted(([a], [b]) => byBytes(a, b))
  let next = 0
  for await (const [key, item] of indexed) {
    for (; next < news.length && byBytes(news[next]?.[0] ?? '', key) < 0; next += 1) yield* present(news[next])
    if (!changed.has(key)) yield [key, item]
  }
  for (; next < news.length; next += 1) yield* present(news[next])
}

/** A copy that the caller owns. */
export function copyOf(item: ItemValue): Item {
  return { version: item.version, value: Buffer.from(item.value) }
}

function* present(entry: readonly [string, ItemValue | null] | undefined): Generator<readonly [string, Item]> {
  if (entry !== undefined && entry[1] !== null) yield [entry[0], copyOf(entry[1])]
}

/** Compares as LevelDB does: by the bytes of their UTF-8. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'))
}
