/** twinlog's public names. */
export { createStore } from './actors/store.ts'
export type {
  Actors,
  AppendOptions,
  AppendResult,
  FlushItem,
  FlushOptions,
  FlushResult,
  FollowOptions,
  Log,
  LogRecord,
  Page,
  PageOptions,
  ReadOptions,
  Store,
  StoreOptions,
} from './actors/types.ts'
export { dumpSegment } from './commit-log/dump.ts'
export type { DumpOptions } from './commit-log/dump.ts'
export { isTwinlogError, TwinlogError } from './errors.ts'
export type { ErrorCode, ErrorFacts } from './errors.ts'
export type {
  ActorEntry,
  ActorStatus,
  Append,
  AppendOutcome,
  Bounds,
  Box,
  Codec,
  EpochBounds,
  Flush,
  Item,
  ItemChange,
  LogName,
  LogStore,
  LogStoreStats,
  Payload,
  ReadRange,
  ReadSlice,
  StoredRecord,
} from './log-store/types.ts'
export { open } from './open.ts'
export type { OpenOptions, OpenProgress } from './open.ts'
