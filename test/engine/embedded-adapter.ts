/** The engine over the embedded driver, each subject in a directory of its own. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogRef } from '../model/operations.ts'
import { open } from '../../src/open.ts'
import { tightAccess, type EmbeddedAccess, type OpenedStore } from './embedded-access.ts'
import { readBareIndex } from './bare-index.ts'
import { runOn } from './store-subject.ts'
import type { Capabilities, Subject, SubjectKind } from './subject.ts'

const publicAccess: EmbeddedAccess = { open: async directory => ({ store: await open(directory) }) }

/** As a host opens it. */
export const embeddedKind: SubjectKind = {
  name: 'the embedded engine',
  open: () => openInNewDirectory(publicAccess),
}

/** The same engine, opened by the tests for the tests, with everything that can be done to it. */
export const tightKind: SubjectKind = {
  name: 'the embedded engine, tight',
  open: () => openInNewDirectory(tightAccess),
}

async function openInNewDirectory(access: EmbeddedAccess): Promise<Subject> {
  const directory = await mkdtemp(join(tmpdir(), 'twinlog-engine-'))
  const subject = await openIn(directory, access)
  return {
    ...subject,
    async close() {
      await subject.close()
      await rm(directory, { recursive: true })
    },
  }
}

/** A subject in a directory that stays when the subject is closed. */
export async function openIn(directory: string, access: EmbeddedAccess = publicAccess): Promise<Subject> {
  let opened: OpenedStore = await access.open(directory)

  async function reopenAfter(change: () => Promise<void>): Promise<void> {
    await opened.store.close()
    await change()
    opened = await access.open(directory)
  }

  const can: Capabilities = {
    reopen: () => reopenAfter(async () => undefined),
    async bareIndex(actor) {
      await opened.store.close()
      const bare = await readBareIndex(join(directory, 'index'), actor)
      opened = await access.open(directory)
      return bare
    },
    async flipBit(seed) {
      await opened.store.close()
      await flipBitIn(directory, seed)
      try {
        opened = await access.open(directory)
      } catch (refused) {
        return { refused }
      }
      return {}
    },
  }
  if (opened.crash !== undefined) {
    can.crash = async seed => {
      await opened.crash?.(seed)
      opened = await access.open(directory)
    }
  }
  if (opened.cutPowerAfter !== undefined) {
    can.compact = async (crashAfter, seed = 0) => {
      await opened.resumeIndexer?.()
      if (crashAfter === undefined) return void (await opened.store.compact({ deadShareMin: 0 }))
      opened.cutPowerAfter?.(crashAfter)
      await opened.store.compact({ deadShareMin: 0 }).catch(() => undefined)
      await opened.crash?.(seed)
      opened = await access.open(directory)
    }
  }
  if (opened.pauseIndexer !== undefined) can.pauseIndexer = async () => opened.pauseIndexer?.()
  if (opened.resumeIndexer !== undefined) can.resumeIndexer = async () => opened.resumeIndexer?.()
  if (opened.rebuildIndex !== undefined) can.rebuildIndex = async (log: LogRef) => opened.rebuildIndex?.(log)
  if (access.damageIndex !== undefined) {
    can.damageIndex = seed => reopenAfter(async () => access.damageIndex?.(directory, seed))
  }

  return { run: operation => runOn(opened.store, operation), close: () => opened.store.close(), can }
}

/** Flips one bit of all those in the segment files. */
async function flipBitIn(directory: string, seed: number): Promise<void> {
  const names = await readdir(directory, { recursive: true })
  const paths = names.filter(name => name.endsWith('.seg')).map(name => join(directory, name))
  const files = await Promise.all(paths.toSorted().map(async path => ({ path, bytes: await readFile(path) })))
  let bit = seed % (8 * files.reduce((total, { bytes }) => total + bytes.length, 0))
  for (const { path, bytes } of files) {
    if (bit < 8 * bytes.length) {
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      await writeFile(path, bytes)
      return
    }
    bit -= 8 * bytes.length
  }
}
