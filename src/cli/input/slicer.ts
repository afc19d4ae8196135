/**
 * Cuts a stream of JSON texts into the exact bytes of its items: each text is one item, except that a collection (an
 * object whose `type` is one) gives its `items` and `orderedItems` one by one, however long they are. Memory is bounded
 * by one item. It checks only what it needs to find the cuts; `readActivity` judges each slice.
 */
import { Capture } from './capture.ts'
import {
  beginsValue,
  closeBrace,
  closeBracket,
  colon,
  comma,
  isSpace,
  openBrace,
  openBracket,
  quote,
  ValueScanner,
} from './json-value.ts'
import { isCollectionType, nameBytesMax, parsed, parsedKey } from './names.ts'

/** The exact bytes of one item, or why there is none. */
export type Slice =
  | { readonly bytes: Uint8Array; readonly code?: never }
  | {
      readonly code: 'INVALID_JSON' | 'TOO_LARGE' | 'NO_ITEMS'
      /** True when the text is broken in a way that leaves no next item to be found in it. */
      readonly isEnd: boolean
    }

/** The longest item that is taken: what a store can hold. */
export const itemBytesMax = 64 * 1024 * 1024

const brokenHere: Slice = { code: 'INVALID_JSON', isEnd: false }
const brokenForGood: Slice = { code: 'INVALID_JSON', isEnd: true }
const tooLarge: Slice = { code: 'TOO_LARGE', isEnd: false }

type State =
  | 'text' // between texts
  | 'other' // in a text that is no object
  | 'broken' // in an object that is not well formed, up to where its brackets close
  | 'key'
  | 'in key'
  | 'colon'
  | 'value'
  | 'in value'
  | 'after value'
  | 'item'
  | 'in item'
  | 'after item'
  | 'end' // past a break

export class Slicer {
  readonly #bytesMax: number
  readonly #assumeCollection: boolean
  readonly #scanner = new ValueScanner()
  /** The whole text, as long as it may turn out to be an item itself. */
  readonly #text = new Capture()
  /** The key, `type` value or item that is being read. */
  readonly #part = new Capture()
  #state: State = 'text'
  #isFirst = true
  #key: unknown = ''
  #isCollection = false
  /** It said that it is a collection only after its items had gone by. */
  #isLate = false
  #hasItems = false
  #isSingle = false

  constructor(bytesMax = itemBytesMax, assumeCollection = false) {
    this.#bytesMax = bytesMax
    this.#assumeCollection = assumeCollection
  }

  *feed(chunk: Uint8Array): Generator<Slice, void> {
    let at = 0
    while (at < chunk.length && !this.#isOver()) {
      if (this.#isInside()) {
        const end = this.#scanner.scan(chunk, at)
        if (end < 0) break
        at = end
        const slice = this.#ended(chunk, at)
        if (slice) yield slice
        continue
      }
      const byte = chunk[at] as number
      if (isSpace(byte)) at++
      else if (this.#state === 'after value' && byte === closeBrace) yield* this.#objectEnded(chunk, ++at)
      else if (this.#state === 'key' && this.#isFirst && byte === closeBrace) yield* this.#objectEnded(chunk, ++at)
      else if (this.#step(byte, at)) at++
      else if (this.#isOver()) yield brokenForGood
    }
    this.#text.carry(chunk)
    this.#part.carry(chunk)
  }

  /** The input is over: gives what a bare number or a torn text at its end leaves to say. */
  *end(): Generator<Slice, void> {
    const isScalar = this.#state === 'other' && this.#scanner.isScalar
    const isTorn = this.#state !== 'text' && this.#state !== 'end'
    const slice = isScalar ? this.#ended(new Uint8Array(0), 0) : isTorn && brokenForGood
    this.#state = 'end'
    if (slice) yield slice
  }

  #isOver(): boolean {
    return this.#state === 'end'
  }

  #isInside(): boolean {
    const state = this.#state
    return state === 'in item' || state === 'in value' || state === 'in key' || state === 'other' || state === 'broken'
  }

  /** One byte between values. True when it is used up; else it is the first byte of what begins now. */
  #step(byte: number, at: number): boolean {
    switch (this.#state) {
      case 'text':
        return this.#beginText(byte, at)
      case 'key':
        return byte === quote ? this.#begin('in key', at, nameBytesMax) : this.#break()
      case 'colon':
        return byte === colon ? this.#goOn('value') : this.#break()
      case 'value':
        return this.#beginValue(byte, at)
      case 'after value':
        this.#isFirst = false
        return byte === comma ? this.#goOn('key') : this.#break()
      case 'item':
        if (byte === closeBracket && this.#isFirst) return this.#goOn('after value')
        return beginsValue(byte) ? this.#begin('in item', at, this.#bytesMax) : this.#break()
      case 'after item':
        this.#isFirst = false
        if (byte === closeBracket) return this.#goOn('after value')
        return byte === comma ? this.#goOn('item') : this.#break()
      default:
        return this.#break()
    }
  }

  #beginText(byte: number, at: number): boolean {
    if (!beginsValue(byte)) return this.#break()
    this.#isCollection = this.#assumeCollection
    this.#isLate = false
    this.#hasItems = false
    this.#isFirst = true
    this.#scanner.reset()
    this.#text.begin(at, this.#bytesMax)
    this.#state = byte === openBrace ? 'key' : 'other'
    return byte === openBrace
  }

  #beginValue(byte: number, at: number): boolean {
    if (!beginsValue(byte)) return this.#break()
    if (this.#key === 'items' || this.#key === 'orderedItems') {
      this.#hasItems = true
      if (this.#isCollection && !this.#isLate) {
        this.#isFirst = true
        this.#isSingle = byte !== openBracket
        return this.#isSingle ? this.#begin('in item', at, this.#bytesMax) : this.#goOn('item')
      }
    }
    return this.#begin('in value', at, this.#key === 'type' ? nameBytesMax : 0)
  }

  #begin(state: State, at: number, bytesMax: number): false {
    this.#scanner.reset()
    this.#part.begin(at, bytesMax)
    this.#state = state
    return false
  }

  #goOn(state: State): true {
    this.#state = state
    return true
  }

  /** Not well formed here. An object that may be an item is read to where it closes; else nothing more can be told. */
  #break(): false {
    const isItem = this.#state !== 'text' && (!this.#isCollection || this.#isLate)
    this.#state = isItem ? 'broken' : 'end'
    this.#scanner.reset(1)
    return false
  }

  /** What was being read ended before `at`. */
  #ended(chunk: Uint8Array, at: number): Slice | undefined {
    const state = this.#state
    if (state === 'in key') {
      this.#key = parsedKey(this.#part.finish(chunk, at))
      this.#state = 'colon'
      return undefined
    }
    if (state === 'in value') {
      this.#noteType(this.#part.finish(chunk, at))
      this.#state = 'after value'
      return undefined
    }
    if (state === 'in item') {
      const bytes = this.#part.finish(chunk, at)
      this.#state = this.#isSingle ? 'after value' : 'after item'
      return bytes === null ? tooLarge : { bytes }
    }
    this.#state = 'text'
    if (state === 'broken') {
      this.#text.drop()
      return brokenHere
    }
    const bytes = this.#text.finish(chunk, at)
    if (this.#scanner.isScalar && parsed(bytes) === undefined) {
      this.#state = 'end'
      return brokenForGood
    }
    return bytes === null ? tooLarge : { bytes }
  }

  #noteType(value: Uint8Array | null): void {
    if (this.#key !== 'type' || this.#isCollection || !isCollectionType(parsed(value))) return
    this.#isCollection = true
    this.#isLate = this.#hasItems
    if (!this.#isLate) this.#text.drop()
  }

  *#objectEnded(chunk: Uint8Array, at: number): Generator<Slice, void> {
    this.#state = 'text'
    if (this.#isCollection && !this.#isLate) {
      this.#text.drop()
      if (!this.#hasItems) yield { code: 'NO_ITEMS', isEnd: false }
      return
    }
    const bytes = this.#text.finish(chunk, at)
    if (bytes === null) yield tooLarge
    else if (this.#isLate) yield* new Slicer(this.#bytesMax, true).feed(bytes)
    else yield { bytes }
  }
}
