/** The pipeline over web-standard `Request` and `Response`: for Hono, Deno, Bun, and whatever speaks `fetch`. */
import { answerTo, externalUrl, type AdapterContext } from './adapter.ts'
import { checkBodySize } from './stages/body-size.ts'
import { checkRequest } from './stages/request.ts'
import { isRejected, type Rejected } from './verdict.ts'

/**
 * A `Request` has joined the lines of one header, and its URL is parsed: two `Date` lines look like one wrong date. What
 * they hid is refused all the same, only with another code.
 */
export async function handleRequest(request: Request, context: AdapterContext): Promise<Response> {
  const { method } = request
  const { host, pathname, search } = new URL(request.url)
  const url = externalUrl(context.origin, pathname + search)
  const body = checkRequest(method) ?? (await readBody(request, context.bodyBytesMax))
  // The sender went away before its end: nobody reads this answer.
  if (body === undefined) return responseTo({ status: 400 })
  if (isRejected(body)) {
    await context.refused(body, { method, url })
    return responseTo(body)
  }
  // HTTP/2 has `:authority` instead of `Host`: a server that has no such header knew it from there.
  const rawHeaders = [...request.headers, ...(request.headers.has('host') ? [] : [['host', host] as const])]
  return responseTo(await context.receive({ method, url, rawHeaders, body }))
}

/** Undefined when the body broke off. */
async function readBody({ body, bodyUsed }: Request, bytesMax: number): Promise<Uint8Array | Rejected | undefined> {
  if (bodyUsed || body?.locked === true) throw new TypeError('something has read the body of the request before')
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength
      const refusal = checkBodySize(bytes, bytesMax)
      // Leaving the loop cancels the stream.
      if (refusal !== undefined) return refusal
      chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

function responseTo(verdict: Parameters<typeof answerTo>[0]): Response {
  const { status, headers, body } = answerTo(verdict)
  return new Response(body === '' ? null : body, { status, headers })
}
