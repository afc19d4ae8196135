/** What a memory store holds, apart from the store that is open on it: closing a store leaves its contents. */
import { randomUUID } from 'node:crypto'
import type { Item, Payload, StoredRecord } from '../types.ts'
import type { FeedMark } from './memory-feed.ts'

/** The dedupe key's first record; its payload outlives a trim, so that 'same bytes' can still be told. */
interface KeyedRecord {
  readonly seq: number
  readonly payload: Payload
}

export interface MemoryLog {
  readonly epoch: number
  first: number
  tip: number
  readonly records: Map<number, StoredRecord>
  readonly keys: Map<string, KeyedRecord>
}

interface MemoryActor {
  readonly epoch: number
  readonly inbox: MemoryLog
  readonly outbox: MemoryLog
}

/** A second store opened on the same contents finds what the first one left. */
export class MemoryContents {
  /** In the order they were added, which is the order of their epochs. */
  readonly actors = new Map<string, MemoryActor>()
  readonly removed = new Set<string>()
  readonly items = new Map<string, Item>()
  readonly feed: FeedMark[] = []
  readonly id = randomUUID().replaceAll('-', '')
  epochs = 0
  commit = 0
}
