/** Documents of other hosts. */
import { keysOfActor } from 'twinlog'

/** @param {string} url @param {{ signal: AbortSignal }} options */
export async function fetchDocument(url, { signal }) {
  const response = await fetch(url, { headers: { accept: 'application/activity+json' }, signal })
  if (!response.ok) throw Object.assign(new Error(`status ${response.status}`), { status: response.status })
  return { document: await response.json() }
}

/** @param {() => number} clock @returns {import('twinlog').FetchPeerState} */
export const fetchPeerWith =
  clock =>
  async (id, { signal }) => {
    const { document } = await fetchDocument(id, { signal })
    const found = keysOfActor(document)
    if ('code' in found) throw new Error(found.detail)
    return { id, keys: found.keys, fetchedAt: clock() }
  }
