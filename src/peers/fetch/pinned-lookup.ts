/**
 * Finds the addresses of a host and checks every one. What is answered here is what the socket connects to, without
 * another question in between: a name server that answers differently the second time is never asked one.
 */
import dns from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import { isPublicAddress } from './address-rules.ts'
import { FetchError } from './fetch-error.ts'

interface Found {
  readonly address: string
  readonly family: number
}

/** All addresses of a host; `signal` says when nobody waits for them any more. */
export type FindAddresses = (
  hostname: string,
  options: { readonly signal: AbortSignal },
) => Promise<readonly { readonly address: string }[]>

const QUERY = { timeout: 2000, tries: 2 }

/**
 * Asks name servers itself. `dns.lookup` would hold a thread of the pool for as long as a stranger's name server likes,
 * and four of those hold up every file operation of the process, the commit log's among them.
 */
export const addressesByName: FindAddresses = async (hostname, { signal }) => {
  const resolver = new dns.promises.Resolver(QUERY)
  try {
    // Not imported by name: `dns.setServers` puts another function in its place.
    resolver.setServers(dns.getServers())
  } catch {
    // Some addresses that systems have (`fe80::1%en0`) are not taken back; then it has the system's own anyway.
  }
  const cancel = (): void => resolver.cancel()
  signal.addEventListener('abort', cancel)
  try {
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    const found = answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []))
    const failed = answers.find(answer => answer.status === 'rejected')
    if (found.length === 0 && failed !== undefined) throw failed.reason
    return found.map(address => ({ address }))
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

interface LookupRules {
  readonly findAddresses: FindAddresses
  readonly allowPrivateAddresses: boolean
  readonly signal: AbortSignal
}

/** A `lookup` for a socket. */
export function pinnedLookup({ findAddresses, allowPrivateAddresses, signal }: LookupRules): LookupFunction {
  const find = async (hostname: string): Promise<[Found, ...Found[]]> => {
    const found = await findAddresses(hostname, { signal })
    const [first, ...others] = found.map(({ address }) => ({ address, family: isIP(address) }))
    if (first === undefined) throw new FetchError('unreachable', 'the host has no address')
    const addresses: [Found, ...Found[]] = [first, ...others]
    if (addresses.some(({ address, family }) => family === 0 || !(allowPrivateAddresses || isPublicAddress(address)))) {
      throw new FetchError('address_refused', 'the host has an address that is not public')
    }
    return addresses
  }
  const answer = callbackify(find)
  return (hostname, { all = false }, done) =>
    answer(hostname, (error, addresses) => {
      if (error !== null) done(error, '')
      else if (all) done(null, addresses)
      else done(null, addresses[0].address, addresses[0].family)
    })
}
