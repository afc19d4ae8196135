/** Runs the command in this process, on stores in memory that outlive it. */
import { Readable, Writable } from 'node:stream'
import type { Surroundings } from '../../src/cli/context.ts'
import { run } from '../../src/cli/run.ts'
import { backup, diff, rebuildIndex, restore, salvage, TwinlogError, verify, type Store } from '../../src/index.ts'
import { openMemory } from '../../src/testing.ts'

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Given {
  readonly stdin?: string | Uint8Array | Readable
  readonly signal?: AbortSignal
  readonly env?: Record<string, string>
  /** Whether stdout and stderr are terminals. */
  readonly isTerminal?: boolean
  readonly stdout?: Writable
  readonly open?: Surroundings['open']
  readonly dumpSegment?: Surroundings['dumpSegment']
  readonly rebuildIndex?: Surroundings['tools']['rebuildIndex']
}

/** Where stores live, by path; and the command that opens them. */
export class Machine {
  readonly #stores = new Map<string, Store>()
  readonly #methods: Partial<Store>
  /** The options of each `open`, in order. */
  readonly opened: Parameters<Surroundings['open']>[1][] = []

  /** @param methods what the command meets in place of the store's own */
  constructor(methods: Partial<Store> = {}) {
    this.#methods = methods
  }

  async store(path = 'db'): Promise<Store> {
    const store = this.#stores.get(path) ?? (await openMemory({ payloadBytesMax: 64 * 1024 * 1024 }))
    this.#stores.set(path, store)
    return store
  }

  readonly open: Surroundings['open'] = async (path, options) => {
    this.opened.push(options)
    if (!this.#stores.has(path) && options.createIfMissing === false) {
      throw new TwinlogError('STORE_NOT_FOUND', `${path}: no store`, { path })
    }
    return { ...kept(await this.store(path)), ...this.#methods }
  }

  readonly twinlog = async (argv: readonly string[], given: Given = {}): Promise<Outcome> => {
    const stdout = new Collected(given.isTerminal)
    const stderr = new Collected(given.isTerminal)
    const { stdin = '' } = given
    const code = await run(argv, {
      stdin: stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)]),
      stdout: given.stdout ?? stdout,
      stderr,
      env: given.env ?? {},
      signal: given.signal ?? new AbortController().signal,
      open: given.open ?? this.open,
      dumpSegment: given.dumpSegment ?? nothing,
      tools: { rebuildIndex: given.rebuildIndex ?? rebuildIndex, verify, backup, restore, salvage, diff },
    })
    return { code, out: stdout.text, err: stderr.text }
  }
}

export class Collected extends Writable {
  readonly isTTY: boolean
  text = ''

  constructor(isTerminal = false) {
    super()
    this.isTTY = isTerminal
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** The objects of `--json` output. */
export function jsonLines(text: string): unknown[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as unknown)
}

/** The exact JSON texts of a log. */
export async function itemsIn(store: Store, actor: string, box: 'inbox' | 'outbox' = 'outbox'): Promise<string[]> {
  const items: string[] = []
  const log = box === 'inbox' ? store.inbox(actor) : store.outbox(actor)
  for await (const record of log.read()) items.push(Buffer.from(record.bytes).toString())
  return items
}

/** The store, still open after the command has closed it. */
function kept(store: Store): Store {
  const close = async (): Promise<void> => {}
  return {
    actors: store.actors,
    inbox: actor => store.inbox(actor),
    outbox: actor => store.outbox(actor),
    append: (items, options) => store.append(items, options),
    feed: options => store.feed(options),
    cursor: (name, options) => store.cursor(name, options),
    worker: (name, options) => store.worker(name, options),
    projection: options => store.projection(options),
    consumers: () => store.consumers(),
    retain: (policies, options) => store.retain(policies, options),
    compact: options => store.compact(options),
    flush: () => store.flush(),
    flushIndex: () => store.flushIndex(),
    stats: () => store.stats(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function* nothing(): AsyncGenerator<string, void> {}
