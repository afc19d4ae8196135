/** The process that gets killed: receives without end, several at a time, and says each verdict. */
import { say } from '../engine/say.ts'
import { deliveryOf, openHost, type Acknowledged } from './redelivery-load.ts'

const AT_A_TIME = 6

/** Each receiver takes every sixth number, from where the last process may have been. */
export async function main(directory: string, first: string): Promise<void> {
  const { inbound } = await openHost(directory)
  const receive = async (start: number): Promise<never> => {
    for (let number = start; ; number += AT_A_TIME) {
      const verdict = await inbound.receive(deliveryOf(number))
      const seqs = verdict.accepted ? verdict.inboxes.flatMap(({ seq }) => seq ?? []) : []
      say({ number, code: verdict.code, seqs } satisfies Acknowledged)
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, (_, at) => receive(Number(first) + at)))
}
