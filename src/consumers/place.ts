/**
 * Where a consumer stands in what it reads: two numbers that grow, the first before the second. In the feed commit and
 * ordinal, in one log its epoch and a sequence.
 */
export type Place = readonly [major: number, minor: number]

export function comparePlaces(left: Place, right: Place): number {
  return left[0] - right[0] || left[1] - right[1]
}

/** Places in the order of these texts are in their own order. */
export function placeText([major, minor]: Place): string {
  return `${major.toString(16).padStart(13, '0')}-${minor.toString(16).padStart(14, '0')}`
}

/** Reads what `placeText` made. */
export function placeOfText(text: string): Place {
  const [major = '', minor = ''] = text.split('-')
  return [Number.parseInt(major, 16), Number.parseInt(minor, 16)]
}
