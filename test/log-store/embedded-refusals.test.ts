/** What stands in the way of opening has a code of its own, and is met before anything is touched. */
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Checksum } from '../../src/bytes/checksum.ts'
import { encodeIdentity, readIdentity } from '../../src/commit-log/identity.ts'
import { IDENTITY_FIELDS, SEGMENT_FIELDS } from '../../src/commit-log/layout.ts'
import { nodeDisk } from '../../src/commit-log/node-disk.ts'
import { segmentPath } from '../../src/commit-log/segment-files.ts'
import { open } from '../../src/open.ts'
import { alice, append, inbox } from '../../src/log-store/conformance/suite.ts'
import { failingAt, FaultDisk } from '../commit-log/fault-disk.ts'
import { codeOf, filesBelow, openDriver, reopened, withDirectory } from './embedded-store.ts'

/** Opening rejects with that code and leaves the directory, and the one it lies in, exactly as they were. */
async function refuses(path: string, code: string, opening: () => Promise<unknown>): Promise<void> {
  const before = await filesBelow(dirname(path))
  expect(await codeOf(opening())).toBe(code)
  expect(await filesBelow(dirname(path))).toEqual(before)
}

describe('a directory that is no store', () => {
  it('is NOT_A_STORE, whatever is in it', async () => {
    await withDirectory(async path => {
      await mkdir(join(path, 'segments'), { recursive: true })
      for (const name of ['somebody.txt', 'twinlog.id.txt', join('segments', '0000000001-0000000001.0.seg')]) {
        await writeFile(join(path, name), 'x')
        await refuses(path, 'NOT_A_STORE', () => openDriver(path))
        await refuses(path, 'STORE_NOT_FOUND', () => openDriver(path, { createIfMissing: false }))
        await refuses(path, 'STORE_NOT_FOUND', () => open(path, { readOnly: true }))
        await rm(join(path, name))
      }
    })
  })

  it('but a store without its identity file is never begun anew over what is left', async () => {
    await withDirectory(async path => {
      await reopened(path, store => store.addActor(alice))
      await rm(join(path, 'twinlog.id'))
      await refuses(path, 'NOT_A_STORE', () => openDriver(path))
    })
  })

  it('because it is a file is NOT_A_STORE, or STORE_NOT_FOUND to who only looks', async () => {
    await withDirectory(async path => {
      await writeFile(path, 'a file')
      await refuses(path, 'NOT_A_STORE', () => openDriver(path))
      await refuses(path, 'STORE_NOT_FOUND', () => openDriver(path, { createIfMissing: false }))
      await refuses(path, 'STORE_NOT_FOUND', () => open(path, { readOnly: true }))
      await refuses(path, 'IO_ERROR', () => openDriver(join(path, 'below')))
    })
  })

  it('because it is not there is STORE_NOT_FOUND, and is not made by who only looks', async () => {
    await withDirectory(async path => {
      await refuses(path, 'STORE_NOT_FOUND', () => openDriver(path, { createIfMissing: false }))
      await refuses(path, 'STORE_NOT_FOUND', () => open(path, { readOnly: true }))
    })
  })
})

describe('a store of a newer version', () => {
  const bumps = [
    ['version', (bytes: Buffer, at: number) => bytes.writeUInt16BE(2, at)],
    ['criticalFlags', (bytes: Buffer, at: number) => bytes.writeUInt32BE(1, at)],
  ] as const

  for (const [field, bump] of bumps) {
    it(`is FORMAT_UNSUPPORTED by the ${field} of its identity`, async () => {
      await withDirectory(async path => {
        await reopened(path, store => store.addActor(alice))
        const plain = await Checksum.plain()
        const bytes = encodeIdentity((await readIdentity(nodeDisk(path)))!, plain)
        bump(bytes, IDENTITY_FIELDS[field].at)
        bytes.writeBigUInt64BE(plain.sum(bytes.subarray(0, IDENTITY_FIELDS.sum.at)), IDENTITY_FIELDS.sum.at)
        await writeFile(join(path, 'twinlog.id'), bytes)
        await refuses(path, 'FORMAT_UNSUPPORTED', () => openDriver(path))
        await refuses(path, 'FORMAT_UNSUPPORTED', () => open(path, { readOnly: true }))
      })
    })

    it(`is FORMAT_UNSUPPORTED by the ${field} of its last segment, even where the index covers all of it`, async () => {
      // With a checkpoint in the last segment nobody looked at the segment's header, and the index had been opened first.
      await withDirectory(async path => {
        for (let round = 0; round < 2; round += 1) await reopened(path, store => store.addActor(`${round}`))
        const { storeId } = (await readIdentity(nodeDisk(path)))!
        const checksum = await Checksum.forStore(storeId)
        const file = join(path, segmentPath(2))
        const bytes = await readFile(file)
        bump(bytes, SEGMENT_FIELDS[field].at)
        bytes.writeBigUInt64BE(
          checksum.sum(bytes.subarray(0, SEGMENT_FIELDS.headerSum.at)),
          SEGMENT_FIELDS.headerSum.at,
        )
        await writeFile(file, bytes)
        await refuses(path, 'FORMAT_UNSUPPORTED', () => openDriver(path))
        await refuses(path, 'FORMAT_UNSUPPORTED', () => open(path, { readOnly: true }))
      })
    })
  }

  it('is FORMAT_UNSUPPORTED by a segment that only later versions write', async () => {
    await withDirectory(async path => {
      await reopened(path, store => store.addActor(alice))
      await writeFile(join(path, 'segments', '0000000002-0000000003.1.seg'), '')
      await refuses(path, 'FORMAT_UNSUPPORTED', () => openDriver(path))
    })
  })

  it('and a damaged identity is CORRUPT, not another version', async () => {
    await withDirectory(async path => {
      await reopened(path, store => store.addActor(alice))
      const identity = await readFile(join(path, 'twinlog.id'))
      for (const damaged of [Buffer.alloc(0), identity.subarray(0, 63), Buffer.concat([identity, Buffer.alloc(1)])]) {
        await writeFile(join(path, 'twinlog.id'), damaged)
        await refuses(path, 'CORRUPT', () => openDriver(path))
      }
      for (let bit = 0; bit < 8 * identity.length; bit += 7) {
        const damaged = Buffer.from(identity)
        damaged[bit >> 3]! ^= 1 << (bit & 7)
        await writeFile(join(path, 'twinlog.id'), damaged)
        await refuses(path, 'CORRUPT', () => openDriver(path))
      }
    })
  })
})

describe('a disk that is too full', () => {
  it('for a new store is LOW_SPACE, and nothing is made', async () => {
    // The directory and the lock file stayed behind.
    await withDirectory(async path => {
      await refuses(path, 'LOW_SPACE', () =>
        openDriver(join(path, 'in', 'here'), { freeBytesMin: Number.MAX_SAFE_INTEGER }),
      )
      await mkdir(path)
      await refuses(path, 'LOW_SPACE', () => openDriver(path, { freeBytesMin: Number.MAX_SAFE_INTEGER }))
    })
  })

  it('refuses appends and actors from the first one on; reads, trims and removals go on', async () => {
    // The first append after opening was let through: nobody had looked yet.
    await withDirectory(async path => {
      await reopened(path, async store => {
        await store.addActor(alice)
        for (let i = 0; i < 3; i += 1) await append(store, inbox(alice), `${i}`)
      })
      await reopened(
        path,
        async store => {
          expect(await codeOf(append(store, inbox(alice), 'more'))).toBe('LOW_SPACE')
          expect(await codeOf(store.addActor('new'))).toBe('LOW_SPACE')
          expect(await store.trim(inbox(alice), 2)).toMatchObject({ first: 2, tip: 3 })
          expect(await store.removeActor(alice)).toEqual({ removed: true })
          expect(store.stats().state).toBe('open')
        },
        { freeBytesMin: Number.MAX_SAFE_INTEGER },
      )
    })
  })

  it('while a store is made is LOW_SPACE, and the next open begins again', async () => {
    await withDirectory(async path => {
      for (let step = 1; step <= 7; step += 1) {
        const disk = new FaultDisk(nodeDisk(path), failingAt(step, { code: 'ENOSPC', done: 'nothing' }))
        expect(await codeOf(openDriver(path, {}, disk))).toBe('LOW_SPACE')
        if (step < 7) expect(existsSync(join(path, 'twinlog.id'))).toBe(false)
      }
      await reopened(path, store => store.addActor(alice))
    })
  })
})

describe('a directory that can not be written', () => {
  it('is READ_ONLY while a store is made', async () => {
    await withDirectory(async path => {
      const disk = new FaultDisk(nodeDisk(path), failingAt(2, { code: 'EROFS', done: 'nothing' }))
      expect(await codeOf(openDriver(path, {}, disk))).toBe('READ_ONLY')
    })
  })

  it.skipIf(process.platform !== 'linux')('is READ_ONLY where the system says so', async () => {
    // Root may write anywhere but here.
    expect(await codeOf(openDriver('/sys/kernel/twinlog'))).toBe('READ_ONLY')
  })
})

describe('a store that is open', () => {
  it('is LOCKED by whatever path it is opened again, and not changed; it goes on unharmed', async () => {
    await withDirectory(async path => {
      const store = await openDriver(path)
      await store.addActor(alice)
      await store.flushIndex()
      const link = `${path}-link`
      await symlink(path, link)
      for (const other of [path, link, relative('', path), `${path}/`])
        await refuses(path, 'LOCKED', () => openDriver(other))
      expect(await append(store, inbox(alice), 'x')).toMatchObject({ seq: 1 })
      const waiting = openDriver(link, { lockWaitMs: 30_000 })
      await store.close()
      const next = await waiting
      expect(await next.bounds(inbox(alice))).toMatchObject({ tip: 1 })
      await next.close()
    })
  })

  it('lets go of its lock when opening fails, and when closing does', async () => {
    await withDirectory(async path => {
      const disk = new FaultDisk(nodeDisk(path), failingAt(3, { code: 'EIO', done: 'nothing' }))
      expect(await codeOf(openDriver(path, {}, disk))).toBe('IO_ERROR')
      await (await openDriver(path, {}, disk)).close()
    })
    await withDirectory(async path => {
      let isBroken = false
      const disk = new FaultDisk(nodeDisk(path), () => (isBroken ? { code: 'EIO', done: 'nothing' } : null))
      const store = await openDriver(path, { durability: 'os' }, disk)
      await store.addActor(alice)
      isBroken = true
      expect(await codeOf(store.close())).toBe('IO_ERROR')
      await reopened(path, async next => expect(await next.actorStatus(alice)).toBe('active'))
    })
  })
})

it('a new store is there to stay: its directory is synced into the one it lies in', async () => {
  // The store was synced with care, and its own name was not: after a power cut the whole directory could be missing.
  await withDirectory(async path => {
    const directory = join(path, 'in', 'here')
    const disk = new FaultDisk(nodeDisk(directory))
    await (await openDriver(directory, {}, disk)).close()
    const synced = disk.steps.filter(step => step.operation === 'syncFolder').map(step => join(directory, step.path))
    expect(synced).toEqual(expect.arrayContaining([join(path, 'in'), path, dirname(path)]))
  })
})
