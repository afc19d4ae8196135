/** The two media types that ActivityPub documents have (ActivityPub §3.2). */
import { MIMEType } from 'node:util'

const PROFILE = 'https://www.w3.org/ns/activitystreams'

export const acceptedTypes = `application/activity+json, application/ld+json; profile="${PROFILE}"`

export function isActivityType(contentType: string): boolean {
  try {
    const { essence, params } = new MIMEType(contentType)
    if (essence === 'application/activity+json') return true
    return essence === 'application/ld+json' && (params.get('profile') ?? '').split(' ').includes(PROFILE)
  } catch {
    return false
  }
}
