/** Stage 2: a bound on the body, before anybody reads it. */
import { reject, type Rejected } from '../verdict.ts'

export function checkBodySize(bytes: number, bytesMax: number): Rejected | undefined {
  return bytes <= bytesMax ? undefined : reject('body_too_large', `more than ${bytesMax} bytes`)
}
