/** The parts of a flush over several logs, as the host gave them. */
import type { Draft } from './flush.ts'
import type { Engine } from './engine.ts'
import { LogHandle } from './log.ts'
import type { FlushItem } from './types.ts'

/** Which property of an item is which codec's. */
const contents = [
  ['value', 'msgpack'],
  ['json', 'json'],
  ['bytes', 'bytes'],
] as const

export function draftsOf(engine: Engine, items: readonly FlushItem[]): Draft[] {
  if (!Array.isArray(items)) throw new TypeError('append takes an array of items')
  return items.map((item: FlushItem) => draftOf(engine, item))
}

function draftOf(engine: Engine, item: FlushItem): Draft {
  if (typeof item !== 'object' || item === null) throw new TypeError('An item must be an object')
  const log = LogHandle.nameIn(engine, item.log)
  const given = contents.filter(([name]) => Object.hasOwn(item, name))
  const [content] = given
  if (content === undefined || given.length > 1) throw new TypeError('An item has exactly one of value, json, bytes')
  const [name, codec] = content
  return { log, codec, content: item[name], options: item }
}
