/** twinlog's public names. */
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
  RetentionPolicies,
  RetentionPolicy,
  RetentionReport,
  StoreOptions,
  TrimOptions,
} from './actors/types.ts'
export { createStore } from './consumers/create-store.ts'
export type {
  AcknowledgeOptions,
  ConsumerListing,
  ConsumerRecord,
  ConsumerStatus,
  Cursor,
  CursorFollowOptions,
  CursorHandler,
  CursorOptions,
  DeadLetter,
  FeedFilterOptions,
  FeedOptions,
  FeedRecord,
  LiveOptions,
  Projection,
  ProjectionOptions,
  RunOptions,
  Store,
  Worker,
  WorkerAnswer,
  WorkerHandler,
  WorkerOptions,
  WorkerStats,
} from './consumers/types.ts'
export { dumpSegment } from './commit-log/dump.ts'
export type { DumpOptions } from './commit-log/dump.ts'
export { isTwinlogError, TwinlogError } from './errors.ts'
export type { ErrorCode, ErrorFacts } from './errors.ts'
export type { CompactOptions, CompactProgress, CompactReport } from './log-store/compact-options.ts'
export type {
  ActorEntry,
  ActorStatus,
  Append,
  AppendOutcome,
  Bounds,
  Box,
  Codec,
  EpochBounds,
  FeedDamage,
  FeedEntry,
  FeedOrigin,
  FeedPoint,
  FeedRange,
  FeedSlice,
  Flush,
  Item,
  ItemChange,
  LogName,
  LogStore,
  LogStoreStats,
  Payload,
  ReadRange,
  ReadSlice,
  Redaction,
  StoredRecord,
} from './log-store/types.ts'
export type { HostStore } from './host-store.ts'
export { createInbound } from './inbound/inbound.ts'
export type { Inbound } from './inbound/inbound.ts'
export type { InboundLimits } from './inbound/limits.ts'
export type {
  Accepted,
  Activity,
  HostStage,
  InboundMeta,
  InboundOptions,
  InboxOutcome,
  Signer,
  StageInput,
  StageRefusal,
  Validated,
  Verdict,
} from './inbound/types.ts'
export type { InboundCode, Rejected } from './inbound/verdict.ts'
export { open } from './open.ts'
export type { OpenOptions } from './open.ts'
export type { OpenProgress } from './open-options.ts'
export { createFetchDocument } from './peers/fetch-document.ts'
export type { FetchDocument, FetchDocumentOptions, FetchedDocument, FetchSigner } from './peers/fetch-document.ts'
export { FetchError } from './peers/fetch/fetch-error.ts'
export type { FetchErrorCode } from './peers/fetch/fetch-error.ts'
export { peerFromDocument } from './peers/peer-from-document.ts'
export type { PeerFromDocumentOptions } from './peers/peer-from-document.ts'
export type { PeerOptions } from './peers/peer-cache.ts'
export type {
  FetchPeerOptions,
  FetchPeerState,
  NegativeEntry,
  PeerHit,
  PeerKeyHit,
  PeerRefresh,
  Peers,
  PeerState,
} from './peers/types.ts'
export { keysOfActor } from './signatures/actor-keys.ts'
export type { ActorKeys } from './signatures/actor-keys.ts'
export type { SignatureAlgorithm } from './signatures/algorithms.ts'
export type { SignatureCandidate, SignatureLimits } from './signatures/candidate.ts'
export { checkSignature } from './signatures/check-signature.ts'
export type { Checkable, VerifiedSignature } from './signatures/check-signature.ts'
export type { SignatureForm } from './signatures/coverage.ts'
export type { Delivery } from './signatures/delivery.ts'
export { addProof, readProof } from './signatures/integrity-proof.ts'
export type { ProofCandidate } from './signatures/integrity-proof.ts'
export { multikeyOf } from './signatures/key-import.ts'
export type { KeyAlgorithm, KeyMaterial, VerificationKey } from './signatures/key-material.ts'
export { readSignature } from './signatures/read-signature.ts'
export type { ReadSignatureOptions } from './signatures/read-signature.ts'
export { Rejection } from './signatures/rejection.ts'
export type { KeyFault, KeyRejection, RejectionCode } from './signatures/rejection.ts'
export { signRequest } from './signatures/sign-request.ts'
export type { RequestToSign } from './signatures/sign-request.ts'
export { rebuildIndex } from './rebuild-index.ts'
export type { RebuildIndexOptions, RebuildIndexReport } from './rebuild-index.ts'
export { backup } from './tools/backup.ts'
export type { BackupOptions, BackupReport } from './tools/backup.ts'
export { diff } from './tools/diff.ts'
export type { DiffReport, LogDifference } from './tools/diff.ts'
export type { Finding, FindingCode } from './tools/findings.ts'
export type { ToolOptions, ToolProgress } from './tools/progress.ts'
export { restore } from './tools/restore.ts'
export type { RestoreReport } from './tools/restore.ts'
export { salvage } from './tools/salvage.ts'
export type { LostRecords, SalvageOptions, SalvageReport } from './tools/salvage.ts'
export { verify } from './tools/verify.ts'
export type { MissingRecords, VerifyOptions, VerifyReport } from './tools/verify.ts'
