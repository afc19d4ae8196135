/** The files that `import` reads: checked before anything is touched, streamed after. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { addAbortSignal } from 'node:stream'
import { UsageError, type Context } from '../context.ts'

export interface Source {
  /** As the user wrote it; `-` is stdin. */
  readonly name: string
  /** Null when only its end will tell. */
  readonly bytes: number | null
}

/** A file could not be read on; `cause` says why. */
export class SourceFailure extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

const chunkBytes = 256 * 1024

export async function findSources(names: readonly string[]): Promise<Source[]> {
  if (names.filter(name => name === '-').length > 1) throw new UsageError('- (stdin) can be read only once')
  return Promise.all(names.map(findSource))
}

async function findSource(name: string): Promise<Source> {
  if (name === '-') return { name, bytes: null }
  const found = await stat(name).catch(() => undefined)
  if (!found) throw new UsageError(`${name}: there is no such file`)
  if (found.isDirectory()) throw new UsageError(`${name}: this is a directory`)
  return { name, bytes: found.isFile() ? found.size : null }
}

/** The bytes, until `signal` aborts. `onRead` hears how many were read so far. */
export async function* contentOf(
  { name }: Source,
  { stdin, signal }: Context,
  onRead: (bytes: number) => Promise<void>,
): AsyncGenerator<Uint8Array, void> {
  const stream =
    name === '-' ? addAbortSignal(signal, stdin) : createReadStream(name, { signal, highWaterMark: chunkBytes })
  let bytes = 0
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      await onRead(bytes)
      yield chunk
    }
  } catch (error) {
    throw new SourceFailure(error)
  }
}
