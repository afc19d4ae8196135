/**
 * What is durable of a worker beside its place: deliveries that it has moved past and is not done with, and those that
 * it gave up. One item each, which is written when it comes about, when an attempt fails, and when it goes; so a delivery
 * costs what it costs, however many wait. JSON, to be read by people in a dump.
 */
import { hash } from 'node:crypto'
import type { ItemChange, LogName, LogStore } from '../log-store/types.ts'
import { type Place, placeOfText, placeText } from './place.ts'

const PENDING = 'pending/'
const DEAD = 'dead/'
const ERROR_CHARACTERS_MAX = 500
/** A key of either: what stands before its place, the place, what stands behind it. */
const DELIVERY = /^(pending\/[^/]+\/[0-9a-f]{24}\/|dead\/[^/]+\/)([0-9a-f]{13}-[0-9a-f]{14})(|-[0-9a-f]{24})$/

/** One record for one target. */
export interface StoredDelivery {
  readonly target: string
  readonly place: Place
  readonly log: LogName
  readonly epoch: number
  readonly seq: number
  /** Attempts that failed. */
  readonly attempts: number
  /** When to try again, in milliseconds since 1970; of a dead one, when it was given up. */
  readonly dueAt: number
  readonly error: string | null
}

export function pendingChange(name: string, delivery: StoredDelivery): ItemChange {
  return { key: pendingKey(name, delivery), value: encode(delivery) }
}

export function pendingRemoval(name: string, delivery: StoredDelivery): ItemChange {
  return { key: pendingKey(name, delivery), value: null }
}

export function deadChange(name: string, delivery: StoredDelivery): ItemChange {
  return { key: deadKey(name, deadId(delivery)), value: encode(delivery) }
}

export function deadRemoval(name: string, id: string): ItemChange {
  return { key: deadKey(name, id), value: null }
}

/** Names a dead delivery among those of its worker. In the order of the feed. */
export function deadId({ target, place }: StoredDelivery): string {
  return `${placeText(place)}-${targetHash(target)}`
}

export async function deadOf(logStore: LogStore, name: string, id: string): Promise<StoredDelivery | null> {
  const item = await logStore.item(deadKey(name, id))
  return item === null ? null : decode(item.value)
}

export function allDead(logStore: LogStore, name: string): AsyncGenerator<StoredDelivery> {
  return decodeAll(logStore, `${DEAD}${name}/`)
}

/** Those of one target in their order; those of all targets one target after the other. */
export function allPending(logStore: LogStore, name: string, target?: string): AsyncGenerator<StoredDelivery> {
  return decodeAll(logStore, `${PENDING}${name}/${target === undefined ? '' : `${targetHash(target)}/`}`)
}

/** Of all workers, pending and dead. */
export async function* allDeliveries(logStore: LogStore): AsyncGenerator<StoredDelivery> {
  for (const prefix of [PENDING, DEAD]) yield* decodeAll(logStore, prefix)
}

/**
 * The item of a delivery, or its removal, as it is when the commits of the feed have other numbers; null: the item is
 * none of a worker's.
 */
export function movedDelivery(
  key: string,
  value: Uint8Array | null,
  of: (place: Place) => Place,
): { readonly key: string; readonly value: Buffer | null } | null {
  const [, before, text, after] = DELIVERY.exec(key) ?? []
  if (before === undefined || text === undefined || after === undefined) return null
  const place = of(placeOfText(text))
  return {
    key: `${before}${placeText(place)}${after}`,
    value: value === null ? null : encode({ ...decode(value), place }),
  }
}

async function* decodeAll(logStore: LogStore, prefix: string): AsyncGenerator<StoredDelivery> {
  for await (const [, { value }] of logStore.listItems(prefix)) yield decode(value)
}

function encode({ target, place, log, epoch, seq, attempts, dueAt, error }: StoredDelivery): Buffer {
  const { actor, box } = log
  const text = error === null ? null : error.slice(0, ERROR_CHARACTERS_MAX)
  return Buffer.from(
    JSON.stringify({
      target,
      place,
      log: { actor, box },
      epoch,
      seq,
      attempts,
      dueAt,
      error: text,
    }),
  )
}

function decode(value: Uint8Array): StoredDelivery {
  return JSON.parse(Buffer.from(value).toString('utf8')) as StoredDelivery
}

function pendingKey(name: string, { target, place }: StoredDelivery): string {
  return `${PENDING}${name}/${targetHash(target)}/${placeText(place)}`
}

function deadKey(name: string, id: string): string {
  return `${DEAD}${name}/${id}`
}

function targetHash(target: string): string {
  return hash('sha256', target, 'hex').slice(0, 24)
}
