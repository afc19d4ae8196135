/** The errors of entries that can't be read, which name the place. */
import { TwinlogError } from '../errors.ts'
import type { Place } from '../record/entry.ts'
import { segmentPath } from './segment-files.ts'

export function corrupt(place: Place, what: string): TwinlogError<'CORRUPT'> {
  const where = placeName(place)
  return new TwinlogError('CORRUPT', `a record is damaged: ${what} does not match its checksum at ${where}`, {
    place: where,
  })
}

export function unsupported(place: Place): TwinlogError<'FORMAT_UNSUPPORTED'> {
  const where = placeName(place)
  return new TwinlogError('FORMAT_UNSUPPORTED', `an entry of a newer version at ${where}`, { place: where })
}

function placeName({ segment, offset }: Place): string {
  return `${segmentPath(segment)}, offset ${offset}`
}
