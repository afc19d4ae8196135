/** One GET over a connection of its own, which is closed with it: nothing is pooled, nothing keeps the process alive. */
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { FetchError } from './fetch-error.ts'

type GetOptions = Required<Pick<RequestOptions, 'lookup' | 'signal'>> & {
  readonly headers: Readonly<Record<string, string>>
}

/** The answer, its body not yet read; the caller destroys it. @throws FetchError: unreachable, and what `lookup` throws */
export function get(url: URL, options: GetOptions): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    // Node would leave out a `?` with nothing behind it, which was signed.
    const path = url.href.slice(url.origin.length)
    const sent = request(url, { ...options, path, method: 'GET', agent: false })
    sent.once('response', resolve)
    sent.on('error', error => reject(asFetchError(error)))
    sent.once('close', () => reject(new FetchError('unreachable', 'the connection ended without an answer')))
    sent.end()
  })
}

/** @throws FetchError: too_large, unreachable */
export async function readBody(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = (): FetchError => new FetchError('too_large', `the document is larger than ${bytesMax} bytes`)
  if (Number(response.headers['content-length'] ?? 0) > bytesMax) throw tooLarge()
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > bytesMax) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    throw asFetchError(error)
  }
  return Buffer.concat(chunks)
}

function asFetchError(error: unknown): FetchError {
  if (error instanceof FetchError) return error
  return new FetchError('unreachable', 'the connection failed', { cause: error })
}
