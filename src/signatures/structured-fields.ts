/**
 * Structured fields (RFC 9651), and the only file that knows structured-headers. What the library lets pass is caught by
 * one comparison: apart from white space, the text has to be what the parsed value is written as. So a label or parameter
 * that stands there twice (the last one would win), base64 with odd padding, `00` or `-0` are refused.
 */
import {
  parseDictionary,
  serializeDictionary,
  serializeInnerList,
  type BareItem,
  type InnerList as ParsedList,
  type Item as ParsedItem,
} from 'structured-headers'
import { readPlainBytes, readPlainList } from './plain-fields.ts'

/** Byte sequences as bytes; tokens, dates and display strings, which nobody here reads, as null. */
type Bare = number | string | boolean | Uint8Array | null

export interface Item {
  readonly value: Bare
  readonly parameters: ReadonlyMap<string, Bare>
}

export interface InnerList {
  readonly items: readonly Item[]
  readonly parameters: ReadonlyMap<string, Bare>
  /** The whole list, parameters included, as it is written (RFC 9651 §4.1.1.1). */
  readonly text: string
}

type Dictionary = ReadonlyMap<string, Item | InnerList>

const FIELD_LENGTH_MAX = 16_384
const NO_PARAMETERS: ReadonlyMap<string, never> = new Map<string, never>()

export function readDictionary(text: string): Dictionary | undefined {
  return text.length > FIELD_LENGTH_MAX ? undefined : (readPlain(text) ?? readAny(text))
}

/** The one member of a dictionary, when it is of one of the shapes that nearly all have. */
function readPlain(text: string): Dictionary | undefined {
  const list = readPlainList(text)
  if (list !== undefined) {
    const items = list.items.map(value => ({ value, parameters: NO_PARAMETERS }))
    return new Map([[list.label, { items, parameters: list.parameters, text: list.text }]])
  }
  const bytes = readPlainBytes(text)
  return bytes && new Map([[bytes.label, { value: bytes.bytes, parameters: NO_PARAMETERS }]])
}

/** As the library reads it. */
function readAny(text: string): Dictionary | undefined {
  try {
    const dictionary = parseDictionary(text)
    const written = serializeDictionary(dictionary)
    if (written !== text && squeeze(written) !== squeeze(text)) return undefined
    return new Map([...dictionary].map(([key, member]) => [key, isList(member) ? listOf(member) : itemOf(member)]))
  } catch {
    return undefined
  }
}

export function formatInnerList(items: readonly string[], parameters: ReadonlyMap<string, string | number>): string {
  return serializeInnerList([items.map(item => [item, new Map()]), new Map(parameters)])
}

export function formatBytes(label: string, bytes: Uint8Array): string {
  return serializeDictionary(new Map([[label, [bytes, new Map()]]]))
}

function isList(member: ParsedItem | ParsedList): member is ParsedList {
  return Array.isArray(member[0])
}

function listOf(list: ParsedList): InnerList {
  const [items, parameters] = list
  return { items: items.map(itemOf), parameters: parametersOf(parameters), text: serializeInnerList(list) }
}

function itemOf([value, parameters]: ParsedItem): Item {
  return { value: bareOf(value), parameters: parametersOf(parameters) }
}

function parametersOf(parameters: ReadonlyMap<string, BareItem>): ReadonlyMap<string, Bare> {
  return new Map([...parameters].map(([name, value]) => [name, bareOf(value)]))
}

function bareOf(value: BareItem): Bare {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return typeof value === 'object' ? null : value
}

/** Both sides lose the white space inside of strings too, which does not matter: a string has only one text. */
function squeeze(text: string): string {
  return text.replaceAll(/[ \t]+/g, '')
}
