/** What a diagnostics channel says while something runs. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

export async function told(channel: string, run: () => Promise<unknown>): Promise<unknown[]> {
  const messages: unknown[] = []
  const listener = (message: unknown): void => void messages.push(message)
  subscribe(channel, listener)
  try {
    await run()
  } finally {
    unsubscribe(channel, listener)
  }
  return messages
}
