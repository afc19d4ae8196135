/** A record as `cat` and `follow` print it: for people, or as one line of JSON. */
import { inspect } from 'node:util'
import type { LogRecord } from '../index.ts'
import { jsonTextOf, onOneLine } from './json-text.ts'
import { count, printableLines, type Paint } from './paint.ts'

const previewBytes = 64

export function recordForPeople(record: LogRecord, paint: Paint): string {
  const { seq, receivedAt, codec, bytes, meta, redacted } = record
  if (redacted)
    return `${paint.bold(`#${seq}`)}  ${paint.dim(`${new Date(receivedAt).toISOString()}  ${codec}  redacted`)}\n\n`
  const heading = `${new Date(receivedAt).toISOString()}  ${codec}  ${count(bytes.length)} bytes`
  const about = meta === undefined ? '' : `${paint.dim(`meta ${printableLines(inspected(meta))}`)}\n`
  return `${paint.bold(`#${seq}`)}  ${paint.dim(heading)}\n${about}${printableLines(body(record))}\n\n`
}

/** `value` is the record's own JSON text, so that no number loses a digit. What JSON can't say is in `inspected`. */
export function recordAsJson(record: LogRecord): string {
  const { seq, receivedAt, codec, meta, redacted } = record
  const members = [`"seq":${seq}`, `"receivedAt":${receivedAt}`, `"codec":"${codec}"`]
  if (redacted) return `{${members.join(',')},"redacted":true}\n`
  if (meta !== undefined) members.push(member('meta', 'metaInspected', meta))
  if (codec === 'json') members.push(`"value":${onOneLine(utf8(record.bytes))}`)
  else if (codec === 'bytes') members.push(`"base64":"${Buffer.from(record.bytes).toString('base64')}"`)
  else members.push(member('value', 'inspected', record.value))
  return `{${members.join(',')}}\n`
}

function member(name: string, otherwise: string, value: unknown): string {
  const text = jsonTextOf(value)
  return text === null ? `"${name}":null,"${otherwise}":${JSON.stringify(inspected(value))}` : `"${name}":${text}`
}

function body(record: LogRecord): string {
  if (record.codec === 'json') return utf8(record.bytes)
  if (record.codec === 'msgpack') return inspected(record.value)
  const { bytes } = record
  const hex = Buffer.from(bytes.subarray(0, previewBytes))
    .toString('hex')
    .replaceAll(/..(?!$)/g, '$& ')
  return bytes.length > previewBytes ? `${hex} …` : hex
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function inspected(value: unknown): string {
  return inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: 110 })
}
