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
export { createFetchDocument } from './peers/fetch-document.ts'
export type { FetchDocument, FetchDocumentOptions, FetchedDocument, FetchSigner } from './peers/fetch-document.ts'
export { FetchError } from './peers/fetch/fetch-error.ts'
export type { FetchErrorCode } from './peers/fetch/fetch-error.ts'
export { peerFromDocument } from './peers/peer-from-document.ts'
export type { PeerFromDocumentOptions } from './peers/peer-from-document.ts'
export type { PeerState } from './peers/types.ts'
export type { VerificationKey } from './signatures/key-material.ts'
