/** The names in an object that decide whether it is a collection. */
import { backslash } from './json-value.ts'

/** Keys and `type` values that are longer are none of those looked for. */
export const nameBytesMax = 4096

const collectionTypes = new Set(['Collection', 'OrderedCollection', 'CollectionPage', 'OrderedCollectionPage'])
const soughtLengths = new Set(['"type"', '"items"', '"orderedItems"'].map(key => key.length))
const decoder = new TextDecoder()

/** Whether a `type` says collection; JSON-LD allows several types. */
export function isCollectionType(type: unknown): boolean {
  const types: unknown[] = Array.isArray(type) ? type : [type]
  return types.some(each => typeof each === 'string' && collectionTypes.has(each))
}

/** Looks closer only at what may be one of the three names: most keys are not. */
export function parsedKey(json: Uint8Array | null): unknown {
  const mayMatter = json !== null && (soughtLengths.has(json.length) || json.includes(backslash))
  return mayMatter ? parsed(json) : undefined
}

/** The value, or undefined for what is no JSON, or too long. */
export function parsed(json: Uint8Array | null): unknown {
  if (json === null || json.length > nameBytesMax) return undefined
  try {
    return JSON.parse(decoder.decode(json))
  } catch {
    return undefined
  }
}
