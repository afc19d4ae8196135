/**
 * Which segment files a store has. A segment that was written again is there under a higher generation, and for a moment
 * also under the lower one: the highest counts.
 */
import { TwinlogError } from '../errors.ts'
import type { Disk } from './disk.ts'
import { parseSegmentFileName, segmentFileName, type SegmentName } from './segment-header.ts'

export const SEGMENT_FOLDER = 'segments'
/** A segment gets its real name once what it must hold is on disk; what still has this ending never held anything. */
const UNFINISHED = '.tmp'

export function segmentPath(segment: number, generation = 0): string {
  return `${SEGMENT_FOLDER}/${segmentFileName({ firstSegment: segment, lastSegment: segment, generation })}`
}

export function unfinishedSegmentPath(segment: number, generation = 0): string {
  return segmentPath(segment, generation) + UNFINISHED
}

/**
/**
 * The generation of each segment whose files are there, by number and in order.
 * @throws FORMAT_UNSUPPORTED for files that only later versions write
 */
export async function segmentsOf(disk: Disk): Promise<ReadonlyMap<number, number>> {
  const generations = new Map<number, number>()
  const names = await namesOf(disk)
  for (const { firstSegment, generation } of names.toSorted((a, b) => a.firstSegment - b.firstSegment))
    generations.set(firstSegment, Math.max(generation, generations.get(firstSegment) ?? 0))
  return generations
}

/**
 * The generation of each segment: `[0]` is that of segment 1.
 * @throws LOG_LOST when a number is missing; FORMAT_UNSUPPORTED for files that only later versions write
 */
export async function generationsOf(disk: Disk): Promise<number[]> {
  const generations: number[] = []
  for (const [segment, generation] of await segmentsOf(disk)) {
    if (segment !== generations.length + 1) throw missing(generations.length + 1)
    generations.push(generation)
  }
  // Only a segment that has a successor is ever written again.
  if ((generations.at(-1) ?? 0) > 0) throw missing(generations.length + 1)
  return generations
}

/** The number of the last segment, 0 when there is none. @throws as `generationsOf` */
export async function lastSegmentOf(disk: Disk): Promise<number> {
  return (await generationsOf(disk)).length
}

/** Deletes segment files whose creation a crash cut short. */
export async function removeUnfinished(disk: Disk): Promise<void> {
  for (const file of await disk.list(SEGMENT_FOLDER)) {
    if (file.endsWith(`.seg${UNFINISHED}`)) await disk.remove(`${SEGMENT_FOLDER}/${file}`)
  }
}

/** The files that a higher generation has taken the place of: a crash came before they were deleted. */
export async function supersededFiles(disk: Disk, generations: readonly number[]): Promise<readonly SegmentName[]> {
  const isSuperseded = ({ firstSegment, generation }: SegmentName): boolean =>
    generation < (generations[firstSegment - 1] ?? 0)
  return (await namesOf(disk)).filter(isSuperseded)
}

async function namesOf(disk: Disk): Promise<SegmentName[]> {
  const names: SegmentName[] = []
  for (const file of await disk.list(SEGMENT_FOLDER)) {
    const name = parseSegmentFileName(file)
    if (name === null) continue
    if (name.lastSegment !== name.firstSegment)
      throw new TwinlogError('FORMAT_UNSUPPORTED', `${file} was written by a newer version of twinlog`, { place: file })
    names.push(name)
  }
  return names
}

function missing(segment: number): TwinlogError<'LOG_LOST'> {
  const place = segmentPath(segment)
  return new TwinlogError('LOG_LOST', `segment file ${place} is missing`, { place })
}
