/**
 * The two shapes of structured fields that nearly every signature has, read many times faster than by the library. What is
 * not of exactly these shapes, written just as an encoder would write it, is left to that.
 */
import { decodeBase64 } from './base64.ts'

/** A list of strings with its parameters; `text` is how it is written, parameters included. */
interface PlainList {
  readonly label: string
  readonly items: readonly string[]
  readonly parameters: ReadonlyMap<string, string | number>
  readonly text: string
}

const KEY = '[a-z*][a-z0-9_.*-]*'
/** Without a backslash: nothing is escaped. */
const STRING = '"[ !#-[\\]-~]*"'
const INTEGER = '0|[1-9][0-9]{0,14}'
const LIST = new RegExp(`^(${KEY})=(\\((${STRING}(?: ${STRING})*)\\)((?:;${KEY}=(?:${STRING}|${INTEGER}))*))$`)
const PARAMETER = new RegExp(`;(${KEY})=(?:"([^"]*)"|(${INTEGER}))`, 'g')
const BYTES = new RegExp(`^(${KEY})=:([A-Za-z0-9+/]+={0,2}):$`)

/** `label=("string" "string");name="string";name=1` */
export function readPlainList(field: string): PlainList | undefined {
  const [, label, text, strings, written] = LIST.exec(field) ?? []
  if (label === undefined || text === undefined || strings === undefined || written === undefined) return undefined
  const parameters = new Map<string, string | number>()
  for (const [, name = '', string, integer] of written.matchAll(PARAMETER)) {
    if (parameters.has(name)) return undefined
    parameters.set(name, string ?? Number(integer))
  }
  return { label, items: strings.slice(1, -1).split('" "'), parameters, text }
}

/** `label=:base64:` */
export function readPlainBytes(field: string): { readonly label: string; readonly bytes: Uint8Array } | undefined {
  const [, label, text] = BYTES.exec(field) ?? []
  const bytes = text === undefined ? undefined : decodeBase64(text)
  return label === undefined || bytes === undefined ? undefined : { label, bytes }
}
