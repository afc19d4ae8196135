/** Stage 1: a delivery is a POST. */
import { reject, type Rejected } from '../verdict.ts'

export function checkRequest(method: string): Rejected | undefined {
  return method === 'POST' ? undefined : reject('method_not_allowed', method.slice(0, 32))
}
