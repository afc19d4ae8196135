/** Stage 4: nothing that a signature rests on is said twice. */
import { refuseDuplicates, type HeaderLines } from '../../signatures/delivery.ts'
import { reject, type Rejected } from '../verdict.ts'

export function checkHeaderLines(lines: HeaderLines): Rejected | undefined {
  const repeated = refuseDuplicates(lines)
  return repeated === undefined ? undefined : reject('duplicate_header', repeated.detail)
}
