/** The pipeline over `node:http`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerTo, externalUrl, type AdapterContext } from './adapter.ts'
import { checkBodySize } from './stages/body-size.ts'
import { checkRequest } from './stages/request.ts'
import { isRejected, type Rejected } from './verdict.ts'

/** Resolves when the answer is written; also when the sender went away, which nobody can be told. */
export async function handleNode(
  request: IncomingMessage,
  response: ServerResponse,
  context: AdapterContext,
): Promise<void> {
  const { method = '', rawHeaders } = request
  const url = externalUrl(context.origin, request.url ?? '/')
  try {
    const body = checkRequest(method) ?? (await readBody(request, context.bodyBytesMax))
    if (body === undefined) return
    if (isRejected(body)) {
      await context.refused(body, { method, url })
      // What is left of the body is not read: the connection can't be used again.
      response.setHeader('connection', 'close')
      return await write(response, body)
    }
    await write(response, await context.receive({ method, url, rawHeaders, body }))
  } catch (error) {
    // The host's hook failed. Its own handling of errors sees what; the sender may try again.
    if (!response.headersSent) await write(response, { status: 500 })
    throw error
  }
}

/** Undefined when the sender went away before its end. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array | Rejected | undefined> {
  // What a middleware has parsed looks like no body at all: every delivery would be refused, and nobody told why.
  if (request.readableDidRead) throw new TypeError('something has read the body of the request before')
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    // Its own iterator would close the connection, and nobody could be answered.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength
      const refusal = checkBodySize(bytes, bytesMax)
      if (refusal !== undefined) return refusal
      chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

async function write(response: ServerResponse, verdict: Parameters<typeof answerTo>[0]): Promise<void> {
  // Its sender went away meanwhile: it has said so, and says nothing more.
  if (response.destroyed) return
  const { status, headers, body } = answerTo(verdict)
  // The sender went away meanwhile: neither the callback of `end` nor another `close` would come.
  if (response.closed || response.destroyed) return
  await new Promise<void>(resolve => {
    response.once('close', resolve)
    response.writeHead(status, headers).end(body, () => resolve())
  })
}
