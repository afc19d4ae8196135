import { bufferedAppend } from './buffered-append.mjs'
import { deliveries } from './deliveries.mjs'
import { durableAppend } from './durable-append.mjs'
import { fanOut } from './fan-out.mjs'
import { follow } from './follow.mjs'
import { growthWithLogs, growthWithRecords } from './growth.mjs'
import { keyedAppend } from './keyed-append.mjs'
import { read } from './read.mjs'
import { sustained } from './sustained.mjs'

/** @type {readonly (import('./workload.ts').Workload<any> | import('./workload.ts').Outsider)[]} */
export const workloads = [
  durableAppend,
  keyedAppend,
  bufferedAppend,
  fanOut,
  read,
  follow,
  growthWithRecords,
  growthWithLogs,
  sustained,
  deliveries,
]
