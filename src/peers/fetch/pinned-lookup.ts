/**
 * Finds the addresses of a host and checks every one. What is answered here is what the socket connects to, without
 * another question in between: a name server that answers differently the second time is never asked one.
 */
import { lookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import { isPublicAddress } from './address-rules.ts'
import { FetchError } from './fetch-error.ts'

interface Found {
  readonly address: string
  readonly family: number
}

/** All addresses of a host. */
export type FindAddresses = (hostname: string) => Promise<readonly { readonly address: string }[]>

export const systemAddresses: FindAddresses = hostname => lookup(hostname, { all: true })

/** A `lookup` for a socket. */
export function pinnedLookup(findAddresses: FindAddresses, allowPrivateAddresses: boolean): LookupFunction {
  const find = async (hostname: string): Promise<[Found, ...Found[]]> => {
    const [first, ...others] = (await findAddresses(hostname)).map(({ address }) => ({
      address,
      family: isIP(address),
    }))
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
