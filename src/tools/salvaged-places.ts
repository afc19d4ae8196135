/**
 * Which place in the feed of the new store each record has that salvage takes over, by its place in the old one: consumers
 * stand at such places. Both grow together, so stretches in which neither number of a place changes by another amount
 * are one row each; a store without damage that was never compacted is one row.
 */
import type { PlaceMoves } from '../consumers/moved-items.ts'
import { comparePlaces, type Place, placeText } from '../consumers/place.ts'
import { COMMIT_END } from '../log-store/feed-slice.ts'

interface Stretch {
  readonly first: Place
  last: Place
  /** What the new place has less. */
  readonly commits: number
  readonly ordinals: number
}

export class SalvagedPlaces implements PlaceMoves {
  readonly #stretches: Stretch[] = []
  /** Places of records that are lost, or of which it is not known which they had. */
  readonly #unknown = new Map<string, Place>()

  /** A record was taken over. They come in the order of the new store. */
  note(old: Place, now: Place): void {
    const before = this.#stretches.at(-1)
    // Read a second time, behind what came after it: who stands there gets it again rather than never.
    if (before !== undefined && comparePlaces(old, before.last) < 0) return
    const [commits, ordinals] = [old[0] - now[0], old[1] - now[1]]
    if (before?.commits === commits && before.ordinals === ordinals) before.last = old
    else this.#stretches.push({ first: old, last: old, commits, ordinals })
  }

  at(place: Place): Place {
    const stretch = this.#before(place)
    if (stretch === null) return [0, 0]
    return moved(comparePlaces(place, stretch.last) > 0 ? stretch.last : place, stretch)
  }

  of(place: Place): Place {
    const text = placeText(place)
    // First: a stretch may have come to reach over it since.
    const known = this.#unknown.get(text)
    if (known !== undefined) return known
    const stretch = this.#before(place)
    // Those that an earlier salvage gave are no places of entries.
    const isEntry = stretch !== null && place[1] < COMMIT_END && place[1] >= stretch.ordinals
    if (isEntry && comparePlaces(place, stretch.last) <= 0) return moved(place, stretch)
    // In the order of the feed, about, and where no record is.
    const given: Place = [this.at(place)[0], COMMIT_END + 1 + this.#unknown.size]
    this.#unknown.set(text, given)
    return given
  }

  /** The last one that begins at or before the place. */
  #before(place: Place): Stretch | null {
    let low = 0
    let high = this.#stretches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const stretch = this.#stretches[middle]
      if (stretch !== undefined && comparePlaces(stretch.first, place) <= 0) low = middle + 1
      else high = middle
    }
    return this.#stretches[low - 1] ?? null
  }
}

/** A place within the stretch. */
function moved([commit, ordinal]: Place, { commits, ordinals }: Stretch): Place {
  if (ordinal >= COMMIT_END) return [commit - commits, COMMIT_END]
  // Where the new commit begins later than the old one, what was before its first entry is before the whole commit.
  if (ordinal < ordinals) return [commit - commits - 1, COMMIT_END]
  return [commit - commits, ordinal - ordinals]
}
