/**
 * Who follows whom. No table of its own: it is what the inboxes and outboxes say, read again when the host starts, and
 * kept up to date with each activity that goes into one of them.
 */
import { readFollow } from './activity.mjs'

/** @typedef {import('./activity.mjs').Activity} Activity */

export class Follows {
  #asked = new Set()
  /** From somebody to those who follow them. @type {Map<string, Set<string>>} */
  #followers = new Map()

  /** @param {string} id */
  followersOf(id) {
    return [...(this.#followers.get(id) ?? [])]
  }

  /** @param {Activity} activity */
  learn(activity) {
    const asked = readFollow(activity)
    if (asked !== undefined) this.#asked.add(`${asked.follower} ${asked.followed}`)
    if (activity.type !== 'Accept') return
    const accepted = readFollow(activity.object)
    // Only who is followed can accept, and only what was asked for.
    if (accepted === undefined || accepted.followed !== activity.actor) return
    const { follower, followed } = accepted
    if (!this.#asked.has(`${follower} ${followed}`)) return
    this.#followers.set(followed, (this.#followers.get(followed) ?? new Set()).add(follower))
  }

  /** @param {import('twinlog').Store} store */
  async learnFrom(store) {
    /** @type {Activity[]} */
    const activities = []
    for await (const id of store.actors.list()) {
      for (const log of [store.inbox(id), store.outbox(id)]) {
        for await (const { value } of log.read()) activities.push(/** @type {Activity} */ (value))
      }
    }
    // An Accept lies in another log than its Follow: first all that was asked for, then the answers.
    for (const activity of activities) if (activity.type === 'Follow') this.learn(activity)
    for (const activity of activities) this.learn(activity)
  }
}
