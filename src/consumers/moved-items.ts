/**
 * The items of consumers in a store whose commits have other numbers than those in which they were written: the same,
 * with the places that the same records have there. For salvage, which makes such stores. Of all other items nothing is
 * said.
 */
import { movedState } from './consumer-state.ts'
import type { Place } from './place.ts'
import { movedHead } from './snapshots.ts'
import { movedDelivery } from './worker-items.ts'

/** Where in the feed of the new store what a place of the old one says is true. */
export interface PlaceMoves {
  /** Behind all records that were at or before the place, and before all others. */
  at(place: Place): Place
  /** That of the one record there. No two records get the same one, and each always gets the same. */
  of(place: Place): Place
}

interface MovedItem {
  readonly key: string
  /** Null: it is removed. */
  readonly value: Uint8Array | null
}

/** Null when it stays as it is. @throws FORMAT_UNSUPPORTED */
export function movedItem({ key, value }: MovedItem, places: PlaceMoves): MovedItem | null {
  const delivery = movedDelivery(key, value, place => places.of(place))
  if (delivery !== null || value === null) return delivery
  const at = (place: Place): Place => places.at(place)
  const moved = movedState(key, value, at) ?? movedHead(key, value, at)
  return moved === null ? null : { key, value: moved }
}
