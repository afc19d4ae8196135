/** Stage 3: the body says that it is ActivityStreams 2.0 (ActivityPub §7, RFC 6906 for the profile). */
import { isActivityType } from '../../peers/fetch/content-type.ts'
import type { HeaderLines } from '../../signatures/delivery.ts'
import { reject, type Rejected } from '../verdict.ts'

export function checkMediaType(lines: HeaderLines): Rejected | undefined {
  // Node drops a second line without a word, so two servers could read two types.
  const [type, ...others] = lines.get('content-type') ?? []
  if (type !== undefined && others.length === 0 && isActivityType(type)) return undefined
  return reject('unsupported_media_type', others.length > 0 ? 'more than one' : (type ?? 'none').slice(0, 100))
}
