/** The operations of the public API as plain data, and their results: what the model and the engines are asked alike. */
import type { ErrorCode } from '../../src/errors.ts'
import type { Box, Codec } from '../../src/log-store/types.ts'

export interface LogRef {
  readonly actor: string
  readonly box: Box
}

/** What is appended: a value for `msgpack`, a JSON text for `json`, bytes as a hex text for `bytes`. */
export type Body =
  | { readonly codec: 'msgpack'; readonly value: unknown }
  | { readonly codec: 'json' | 'bytes'; readonly value: string }

export interface Part {
  readonly log: LogRef
  readonly body: Body
  readonly key?: string
  readonly expectedTip?: number
  readonly ifExists?: 'conflict' | 'keep'
  readonly meta?: unknown
}

export type Operation = Change | Question

export type Change =
  | { readonly type: 'add' | 'remove'; readonly actor: string }
  | ({ readonly type: 'append' } & Part)
  | { readonly type: 'flush'; readonly parts: readonly Part[]; readonly onConflict?: 'reject' | 'skip' }
  | { readonly type: 'trim'; readonly log: LogRef; readonly before: number }
  | { readonly type: 'redact'; readonly log: LogRef; readonly seq: number }

export type Question =
  | { readonly type: 'status'; readonly actor: string }
  | { readonly type: 'list' }
  | { readonly type: 'tip'; readonly log: LogRef }
  | LogQuestion

/** The questions that reject with `NO_ACTOR`. */
export type LogQuestion =
  | { readonly type: 'bounds'; readonly log: LogRef }
  | { readonly type: 'get'; readonly log: LogRef; readonly seq: number }
  | { readonly type: 'page'; readonly log: LogRef; readonly options: PageRange }
  | { readonly type: 'read'; readonly log: LogRef; readonly options: ReadRange }
  /** Follows until `count` records have come, then aborts. */
  | { readonly type: 'follow'; readonly log: LogRef; readonly after?: number; readonly count: number }
  | { readonly type: 'find'; readonly log: LogRef; readonly key: string }

export interface PageRange {
  readonly before?: number
  readonly after?: number
  readonly limit?: number
  readonly scanMax?: number
  /** Only records whose sequence this number divides. */
  readonly everyNth?: number
}

export interface ReadRange {
  readonly after?: number
  readonly before?: number
  readonly reverse?: boolean
  readonly limit?: number
}

export interface ReadRecord {
  readonly seq: number
  readonly codec: Codec
  readonly value: unknown
  readonly meta: unknown
  readonly redacted: boolean
}

/** An error's code and all its facts. */
export interface Failure {
  readonly code: ErrorCode
  readonly facts: Readonly<Record<string, unknown>>
}

export type Result = { readonly value: unknown } | Failure
