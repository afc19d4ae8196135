/**
 * What the embedded driver publishes on node:diagnostics_channel. Channel names and message fields are API: docs/api.md
 * lists them. Nothing is computed while nobody listens.
 */
import { channel } from 'node:diagnostics_channel'

interface Messages {
  /** A frame was acknowledged. */
  'twinlog:commit': { path: string; commit: number; records: number; bytes: number }
  /** The store was opened. */
  'twinlog:open': {
    path: string
    rewrittenCommits: number
    droppedBytes: number
    replayedCommits: number
    indexRebuilt: boolean
    rebuiltFor: string | null
  }
  /** A write or sync failed; the store takes no more appends. */
  'twinlog:poison': { path: string; error: Error }
  /** Part of the index was found damaged and made anew from the commit log. */
  'twinlog:index-repair': { path: string; log: number; error: Error }
  /** The tables of the index were checked, or damage to one of its files was met before. */
  'twinlog:index-scrub': { path: string; tables: number; bytes: number; damage: string | null }
}

const CHANNELS = {
  'twinlog:commit': channel('twinlog:commit'),
  'twinlog:open': channel('twinlog:open'),
  'twinlog:poison': channel('twinlog:poison'),
  'twinlog:index-repair': channel('twinlog:index-repair'),
  'twinlog:index-scrub': channel('twinlog:index-scrub'),
}

export function publish<Name extends keyof Messages>(name: Name, message: () => Messages[Name]): void {
  const to = CHANNELS[name]
  if (to.hasSubscribers) to.publish(message())
}
