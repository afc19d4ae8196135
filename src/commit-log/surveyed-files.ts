/**
 * The segment files of a store that is looked at whatever state it is in, each in the generation that counts. Its owner may
 * write segments again meanwhile.
 */
import type { Disk, DiskFile } from './disk.ts'
import { segmentPath, segmentsOf } from './segment-files.ts'

export class SurveyedFiles {
  readonly #disk: Disk
  #generations: ReadonlyMap<number, number>
  /** Whether some segment was written again since the first look. */
  isChanged = false

  private constructor(disk: Disk, generations: ReadonlyMap<number, number>) {
    this.#disk = disk
    this.#generations = generations
  }

  /** @throws FORMAT_UNSUPPORTED */
  static async in(disk: Disk): Promise<SurveyedFiles> {
    return new SurveyedFiles(disk, await segmentsOf(disk))
  }

  /** Their numbers, in order. */
  get segments(): readonly number[] {
    return [...this.#generations.keys()]
  }

  /** The next number there is; null: none. */
  after(segment: number): number | null {
    if (this.#generations.has(segment + 1)) return segment + 1
    return this.segments.find(number => number > segment) ?? null
  }

  get hasRewritten(): boolean {
    return [...this.#generations.values()].some(generation => generation > 0)
  }

  /** What is there now: what the owner has begun since, and what it has written again. @throws FORMAT_UNSUPPORTED */
  async lookAgain(): Promise<void> {
    const found = await segmentsOf(this.#disk)
    for (const [segment, generation] of this.#generations)
      if ((found.get(segment) ?? generation) !== generation) this.isChanged = true
    this.#generations = found
  }

  /** The caller closes it. */
  async open(segment: number): Promise<{ readonly file: DiskFile; readonly generation: number }> {
    for (;;) {
      const generation = this.#generations.get(segment) ?? 0
      try {
        return { file: this.#disk.open(segmentPath(segment, generation)), generation }
      } catch (error) {
        await this.lookAgain()
        if ((this.#generations.get(segment) ?? generation) === generation) throw error
      }
    }
  }

  async using<Result>(segment: number, use: (file: DiskFile, generation: number) => Promise<Result>): Promise<Result> {
    const { file, generation } = await this.open(segment)
    try {
      return await use(file, generation)
    } finally {
      await file.close()
    }
  }
}
