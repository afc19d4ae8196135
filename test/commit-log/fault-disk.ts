/**
 * A disk that fails, or stops, at the operation a test names. It counts what changes the disk; reading is never in its
 * way, because a process that died reads nothing and a disk that refuses a write can still be read.
 */
import type { Disk, DiskFile } from '../../src/commit-log/disk.ts'
import { toTwinlogError } from '../../src/commit-log/node-disk.ts'

export interface Step {
  /** From 1. */
  readonly number: number
  readonly operation: 'makeFolder' | 'create' | 'write' | 'sync' | 'rename' | 'remove' | 'syncFolder'
  readonly path: string
}

/** What an operation that fails has done all the same: of a write, a part may be there. */
export type Done = 'nothing' | 'half' | 'all'

export interface Fault {
  readonly code: 'EIO' | 'ENOSPC' | 'EROFS'
  readonly done: Done
}

export class FaultDisk implements Disk {
  readonly steps: Step[] = []
  readonly #inner: Disk
  readonly #decide: (step: Step) => Fault | null

  constructor(inner: Disk, decide: (step: Step) => Fault | null = () => null) {
    this.#inner = inner
    this.#decide = decide
  }

  list(folder: string): Promise<string[]> {
    return this.#inner.list(folder)
  }

  open(file: string): DiskFile {
    return this.#inner.open(file)
  }

  readWhole(file: string): Promise<Buffer | null> {
    return this.#inner.readWhole(file)
  }

  freeBytes(): Promise<number | null> {
    return this.#inner.freeBytes()
  }

  makeFolder(folder: string): Promise<void> {
    return this.#attempt('makeFolder', folder, () => this.#inner.makeFolder(folder))
  }

  rename(from: string, to: string): Promise<void> {
    return this.#attempt('rename', to, () => this.#inner.rename(from, to))
  }

  remove(file: string): Promise<void> {
    return this.#attempt('remove', file, () => this.#inner.remove(file))
  }

  syncFolder(folder: string): Promise<void> {
    return this.#attempt('syncFolder', folder, () => this.#inner.syncFolder(folder))
  }

  async create(path: string, options: { readonly durable: boolean }): Promise<DiskFile> {
    const file = await this.#attempt(
      'create',
      path,
      () => this.#inner.create(path, options),
      made => made.close(),
    )
    return {
      readSync: (...args) => file.readSync(...args),
      read: (...args) => file.read(...args),
      size: () => file.size(),
      close: () => file.close(),
      sync: () => this.#attempt('sync', path, () => file.sync()),
      write: (bytes, position) =>
        this.#attempt(
          'write',
          path,
          () => file.write(bytes, position),
          undefined,
          () => file.write(bytes.subarray(0, bytes.length >> 1), position),
        ),
    }
  }

  async #attempt<Value>(
    operation: Step['operation'],
    path: string,
    run: () => Promise<Value>,
    undo?: (value: Value) => Promise<void>,
    runHalf?: () => Promise<void>,
  ): Promise<Value> {
    const step = { number: this.steps.length + 1, operation, path }
    this.steps.push(step)
    const fault = this.#decide(step)
    if (fault === null) return run()
    if (fault.done === 'all') {
      const value = await run()
      await undo?.(value)
    } else if (fault.done === 'half') await runHalf?.()
    const cause = Object.assign(new Error(`${fault.code}: planted`), { code: fault.code })
    throw toTwinlogError(path, cause)
  }
}

/** One operation fails; the ones after it would succeed, if anybody dared. */
export function failingAt(number: number, fault: Fault): (step: Step) => Fault | null {
  return step => (step.number === number ? fault : null)
}

/** The process dies in the middle of one operation: nothing happens any more. */
export function stoppingAt(number: number, done: Done): (step: Step) => Fault | null {
  return step => {
    if (step.number < number) return null
    return { code: 'EIO', done: step.number === number ? done : 'nothing' }
  }
}
