/** One signed POST to an inbox. */
import { signRequest } from 'twinlog'

/**
 * @typedef {{ url: string, headers: Record<string, string>, body: Uint8Array }} SignedRequest
 * @typedef {{ readonly keyId: string, readonly privateKey: import('node:crypto').KeyObject }} Signer
 */

const TIMEOUT_MS = 15_000

/**
 * @param {{ url: string, body: Uint8Array, signer: Signer, form: import('twinlog').SignatureForm, now: number }} delivery
 * @returns {SignedRequest}
 */
export function sign({ url, body, signer: { keyId, privateKey }, form, now }) {
  const headers = signRequest({
    form,
    method: 'POST',
    url,
    headers: { 'content-type': 'application/activity+json' },
    body,
    key: { id: keyId, privateKey },
    created: now,
  })
  return { url, headers, body }
}

/** The status; 0 when there was no answer. @param {SignedRequest} request @param {AbortSignal} [stop] */
export async function post({ url, headers, body }, stop) {
  const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(stop === undefined ? [] : [stop])])
  try {
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal })
    await response.arrayBuffer()
    return response.status
  } catch {
    return 0
  }
}

/** Whether a later try may pass. Other refusals are final, whatever is sent. @param {number} status */
export function isWorthRetrying(status) {
  return status === 0 || status >= 500 || [401, 408, 429].includes(status)
}
