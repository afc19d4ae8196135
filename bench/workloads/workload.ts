/**
 * What a workload is. Each of its steps is measured in rounds in which the stores take turns, within a second or so of one
 * another; who begins changes from round to round.
 */
import type { Scale } from '../scale.mjs'
import type { Need, Store } from '../stores/all.mjs'
import type { Sample } from '../timing.mjs'

/** One row of a table, or one point of a curve. */
export interface Case {
  readonly id: string
  readonly title: string
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly needs?: readonly Need[]
  readonly point?: { readonly curve: string; readonly axis: string; readonly size: number }
}

export interface Context {
  readonly store: Store
  /** Of this store alone, and empty. */
  readonly directory: string
  readonly scale: Scale
}

export interface Round {
  /** From 0 on; -1 is the one that does not count. */
  readonly round: number
  readonly ms: number
  readonly context: Context
}

export interface Step<Fixture> {
  readonly cases: readonly Case[]
  readonly rounds?: number
  /** There is no round before those that count: it would change what is measured, or take too long. */
  readonly isCold?: boolean
  /** A sample for each case. */
  readonly run: (fixture: Fixture, round: Round) => Promise<Readonly<Record<string, Sample>>>
}

export interface Workload<Fixture> {
  readonly name: string
  readonly title: string
  /** What is done. */
  readonly about: string
  /** What to keep in mind. */
  readonly unfair: readonly string[]
  readonly needs: readonly Need[]
  readonly steps: (scale: Scale) => readonly Step<Fixture>[]
  /** Makes what its steps work on, once for each store. */
  readonly open: (context: Context) => Promise<Fixture>
  /** Reads back, and resolves with the number of records that were. */
  readonly close: (fixture: Fixture) => Promise<number>
}

/** A bench of its own, run as a process. */
export interface Outsider {
  readonly name: string
  readonly title: string
  readonly about: string
  readonly unfair: readonly string[]
  readonly columns: readonly string[]
  readonly measure: (scale: Scale, directory: string) => Promise<OutsiderReport>
}

export interface OutsiderReport {
  readonly cases: readonly Case[]
  /** Of each case by column. */
  readonly samples: Readonly<Record<string, Readonly<Record<string, readonly Sample[]>>>>
  readonly readBack: number
}
