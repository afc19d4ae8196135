/**
 * Invariant 10 at the store: a bit flipped in its segment is noticed or harmless. commit-log/ flips every single one of a
 * smaller log; `LOG_BITS=8` does so here.
 */
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { alice, outbox, readAll } from '../../src/log-store/conformance/suite.ts'
import { isTwinlogError } from '../../src/errors.ts'
import { tally } from '../tools/tally.ts'
import { everything, fill, keyOf, log, whole } from './embedded-damage.ts'
import { copyOf, openDriver, reopened, withDirectory } from './embedded-store.ts'

const isEvery = process.env['LOG_BITS'] === '8'
/** In bits. Else coprime to everything in the format: each field is hit, in each frame, at another bit. */
const stride = isEvery ? 1 : 8 * 29 + 1
if (isEvery) vi.setConfig({ testTimeout: 3_600_000 })

it('invariant 10: with a bit flipped anywhere, a closed store shows what it held, or says what it lost', async () => {
  await withDirectory(async path => {
    await reopened(path, fill)
    const from = await copyOf(path, `${path}-from`)
    const files = (await readdir(join(from, 'segments'))).map(name => join('segments', name))
    expect(files).toHaveLength(1)
    const original = await readFile(join(from, files[0]!))
    for (let bit = 0; bit < 8 * original.length; bit += stride) {
      for (const hasIndex of [true, false]) {
        await copyOf(from, path)
        const bytes = Buffer.from(original)
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        await writeFile(join(path, files[0]!), bytes)
        if (!hasIndex) await rm(join(path, 'index'), { recursive: true })
        const store = await openDriver(path).catch((error: unknown) => {
          if (isTwinlogError(error, 'LOG_LOST')) return null
          throw error
        })
        if (store === null) expect(hasIndex).toBe(false)
        else {
          const found = Object.values(await everything(store)).flat()
          const expected = Object.values(whole).flat()
          const lost = found.filter(each => each.endsWith('CORRUPT'))
          expect(found.filter(each => !lost.includes(each) && !expected.includes(each))).toEqual([])
          expect(found).toHaveLength(expected.length)
          expect(lost.length).toBeLessThanOrEqual(2)
          expect(await store.find(log, keyOf('third'))).toBe(3)
          expect((await readAll(store, outbox(alice)).catch(() => null))?.length ?? 1).toBe(1)
          await store.close()
        }
        tally(1)
      }
    }
  })
})
