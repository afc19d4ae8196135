/** Checks of what a host passes to consumers, as `actors/arguments.ts` has them for the engine. */
import { checkActorId, checkFunction, checkSignal, checkWord } from '../actors/arguments.ts'
import { TwinlogError } from '../errors.ts'
import type { FeedFilter } from './source.ts'
import type { FeedFilterOptions, LiveOptions } from './types.ts'

const NAME_BYTES_MAX = 128

/** @throws INVALID_NAME */
export function checkName(name: unknown): string {
  if (typeof name !== 'string') throw new TypeError('a name must be a string')
  const bytes = Buffer.byteLength(name)
  if (bytes < 1 || bytes > NAME_BYTES_MAX || !/^[\p{L}\p{N}._:@-]+$/u.test(name)) {
    const message = `a name has 1 to ${NAME_BYTES_MAX} bytes: letters, digits and . _ : @ -`
    throw new TwinlogError('INVALID_NAME', message, { consumer: name, bytes })
  }
  return name
}

/** @throws INVALID_ACTOR_ID */
export function checkFilter<Value>({ boxes, actors, where }: FeedFilterOptions<Value>): FeedFilter<Value> {
  if (boxes !== undefined) {
    if (!Array.isArray(boxes)) throw new TypeError('boxes must be an array')
    for (const box of boxes) if (checkWord('boxes', box, ['inbox', 'outbox']) === undefined) throw noBox()
  }
  if (actors !== undefined && !Array.isArray(actors)) throw new TypeError('actors must be an array')
  return {
    boxes,
    actors: actors === undefined ? undefined : new Set(actors.map(checkActorId)),
    where: where === undefined ? undefined : checkFunction('where', where),
  }
}

export function checkLiveOptions({ signal, live = true }: LiveOptions): {
  readonly signal: AbortSignal | undefined
  readonly live: boolean
} {
  if (typeof live !== 'boolean') throw new TypeError('live must be a boolean')
  return { signal: checkSignal(signal), live }
}

function noBox(): TypeError {
  return new TypeError('boxes must be an array of inbox and outbox')
}
