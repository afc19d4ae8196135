/**
 * Reads the items of a file, whatever kind of file it is: decided by its content, in constant memory. Either every line
 * is a JSON text of its own (NDJSON), and a broken line costs that line alone; or the file is one JSON text (a
 * collection, a document), or several one after the other, and what follows a break can't be told.
 */
import { colon, comma, openBrace, openBracket, trimmed, ValueScanner } from './json-value.ts'
import { LineCutter, type Line } from './lines.ts'
import { Slicer, itemBytesMax, type Slice } from './slicer.ts'

/** A first line that is longer is not waited for: the file is read as one text after the other. */
const sniffedBytesMax = 1024 * 1024

export async function* readItems(
  source: AsyncIterable<Uint8Array>,
  bytesMax: number = itemBytesMax,
): AsyncGenerator<Slice, void> {
  const chunks = withoutByteOrderMark(source)
  try {
    const { kind, head } = await sniff(chunks, Math.min(bytesMax, sniffedBytesMax))
    const all = concatenated(head, chunks)
    yield* kind === 'lines' ? readLines(all, bytesMax) : readTexts(all, bytesMax)
  } finally {
    await chunks.return()
  }
}

async function* readTexts(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Slice, void> {
  const slicer = new Slicer(bytesMax)
  for await (const chunk of chunks) {
    for (const slice of slicer.feed(chunk)) {
      yield slice
      if (slice.code && slice.isEnd) return
    }
  }
  yield* slicer.end()
}

async function* readLines(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Slice, void> {
  const cutter = new LineCutter(bytesMax)
  for await (const chunk of chunks) {
    for (const line of cutter.feed(chunk)) yield* slicesOfLine(line, bytesMax)
  }
  for (const line of cutter.end()) yield* slicesOfLine(line, bytesMax)
}

function* slicesOfLine(line: Line, bytesMax: number): Generator<Slice, void> {
  if (line === null) {
    yield { code: 'TOO_LARGE', isEnd: false }
    return
  }
  const slicer = new Slicer(bytesMax)
  yield* slicer.feed(line)
  yield* slicer.end()
}

interface Sniffed {
  readonly kind: 'lines' | 'texts'
  /** What was read to tell. */
  readonly head: Uint8Array[]
}

/** Reads as far as it must: through the first line, or through the second when the first is no whole object. */
async function sniff(chunks: AsyncIterator<Uint8Array, void>, lineBytesMax: number): Promise<Sniffed> {
  const cutter = new LineCutter(lineBytesMax)
  const head: Uint8Array[] = []
  let first: Line | undefined
  for (;;) {
    const { value: chunk, done } = await chunks.next()
    if (done !== true && (head.length > 0 || trimmed(chunk).length > 0)) head.push(chunk)
    for (const line of done === true ? cutter.end() : cutter.feed(chunk)) {
      if (line === null) return { kind: 'texts', head }
      if (isWholeObject(line)) return { kind: 'lines', head }
      if (first !== undefined || mayGoOn(line)) return { kind: 'texts', head }
      first = line
    }
    if (done === true || cutter.isTooLong) return { kind: 'texts', head }
  }
}

function isWholeObject(line: Uint8Array): boolean {
  const scanner = new ValueScanner()
  return line[0] === openBrace && scanner.scan(line, 0) === line.length
}

/** Whether the line breaks off where a JSON text that spans several lines may break: before a value or a key. */
function mayGoOn(line: Uint8Array): boolean {
  const scanner = new ValueScanner()
  if (scanner.scan(line, 0) >= 0 || scanner.isInString) return false
  const last = line.at(-1)
  return last === openBrace || last === openBracket || last === comma || last === colon
}

async function* concatenated(
  head: Uint8Array[],
  rest: AsyncIterator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  for (let chunk = head.shift(); chunk; chunk = head.shift()) yield chunk
  for (;;) {
    const { value, done } = await rest.next()
    if (done === true) return
    yield value
  }
}

const mark = [0xef, 0xbb, 0xbf]

/** An editor may have put U+FEFF before the first byte; it is no part of the JSON. */
async function* withoutByteOrderMark(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let start: Uint8Array | undefined = new Uint8Array(0)
  for await (const chunk of source) {
    if (start === undefined) {
      yield chunk
      continue
    }
    start = Buffer.concat([start, chunk])
    if (start.length < mark.length) continue
    yield mark.every((byte, index) => start?.[index] === byte) ? start.subarray(mark.length) : start
    start = undefined
  }
  if (start !== undefined && start.length > 0) yield start
}
