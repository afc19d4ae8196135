/** What the hosts read in an activity. Its shape is a stranger's doing: nothing is taken for granted. */

/**
 * @typedef {object} Activity
 * @property {string} id
 * @property {unknown} type
 * @property {unknown} [actor]
 * @property {unknown} [object]
 * @property {unknown} [to]
 * @property {unknown} [cc]
 */

export const publicId = 'https://www.w3.org/ns/activitystreams#Public'

/** The ids in `to` and `cc`. @param {Pick<Activity, 'to' | 'cc'>} activity @returns {string[]} */
export function addressees({ to, cc }) {
  return [to, cc].flat().filter(each => typeof each === 'string')
}

/** @param {Activity} activity */
export function isPublic(activity) {
  return addressees(activity).includes(publicId)
}

/** Who wants to follow whom. @param {unknown} value */
export function readFollow(value) {
  if (typeof value !== 'object' || value === null) return undefined
  const { type, actor, object } = /** @type {Record<string, unknown>} */ (value)
  if (type !== 'Follow' || typeof actor !== 'string' || typeof object !== 'string') return undefined
  return { follower: actor, followed: object }
}
