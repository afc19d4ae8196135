/** The two media types that ActivityPub documents have (ActivityPub §3.2). */
import { MIMEType } from 'node:util'

const ACTIVITY_JSON = 'application/activity+json'
const PROFILE = 'https://www.w3.org/ns/activitystreams'

/** A sender's text: `MIMEType` needs time in the square of the white space in it. */
const TYPE_LENGTH_MAX = 512

export const acceptedTypes = `${ACTIVITY_JSON}, application/ld+json; profile="${PROFILE}"`

export function isActivityType(contentType: string): boolean {
  // What nearly everybody sends, without the price of the parser.
  if (contentType === ACTIVITY_JSON) return true
  if (contentType.length > TYPE_LENGTH_MAX) return false
  try {
    const { essence, params } = new MIMEType(contentType)
    if (essence === ACTIVITY_JSON) return true
    return essence === 'application/ld+json' && (params.get('profile') ?? '').split(' ').includes(PROFILE)
  } catch {
    return false
  }
}
