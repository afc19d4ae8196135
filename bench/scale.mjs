/**
 * How much is done. Most measurements run for so long, not for so many records: so a run takes about as long on a slow
 * machine. `smoke` says nothing about speed: it keeps the bench itself alive.
 *
 * @typedef {typeof full} Scale
 */
const full = {
  name: 'full',
  rounds: 5,
  /** Milliseconds of one measurement. */
  boxMs: 250,
  /** Milliseconds before the first round, not counted. */
  warmMs: 100,
  logs: 10_000,
  /** The log that is scanned, and the ones whose pages are read, with so many records each. */
  longLogRecords: 100_000,
  pagedLogs: 1000,
  pagedLogRecords: 50,
  fanOuts: [10, 100, 1000],
  followers: [1, 100, 1000],
  records: [1000, 10_000, 100_000, 1_000_000],
  recordRounds: 1,
  logCounts: [1, 100, 10_000, 100_000],
  logCountRecords: 50_000,
  /** Records between an open and a kill -9. */
  tailRecords: 20_000,
  sustainedRecords: 1_000_000,
  sustainedSeconds: 12,
  deliveries: 1500,
  deliveryRounds: 3,
}

/** @type {Scale} */
const quick = {
  ...full,
  name: 'quick',
  rounds: 3,
  boxMs: 100,
  warmMs: 30,
  longLogRecords: 20_000,
  pagedLogs: 500,
  records: [1000, 10_000, 100_000],
  recordRounds: 1,
  logCounts: [1, 100, 10_000],
  logCountRecords: 20_000,
  tailRecords: 5000,
  sustainedRecords: 100_000,
  sustainedSeconds: 5,
  deliveries: 600,
  deliveryRounds: 2,
}

/** @type {Scale} */
const smoke = {
  ...full,
  name: 'smoke',
  rounds: 1,
  boxMs: 2,
  warmMs: 0,
  logs: 30,
  longLogRecords: 100,
  pagedLogs: 5,
  pagedLogRecords: 25,
  fanOuts: [10],
  followers: [1, 3],
  records: [50, 100],
  recordRounds: 1,
  logCounts: [20],
  logCountRecords: 100,
  tailRecords: 50,
  sustainedRecords: 300,
  sustainedSeconds: 5,
  deliveries: 8,
  deliveryRounds: 1,
}

export const scales = { full, quick, smoke }
