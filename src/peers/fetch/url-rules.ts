/** Which URLs are fetched at all. Asked before any I/O, and again for each redirect. */
import { isIP } from 'node:net'
import { isPublicAddress } from './address-rules.ts'
import { FetchError } from './fetch-error.ts'

export interface UrlRules {
  /** Takes `http:` too. For tests, and for networks that are one's own. */
  readonly allowHttp?: boolean | undefined
  /** Takes loopback, private and all other addresses. For tests, and for networks that are one's own. */
  readonly allowPrivateAddresses?: boolean | undefined
}

const LENGTH_MAX = 2048
/** Below it, ports are other protocols' own. */
const FREE_PORT_MIN = 1024

/** The URL without its fragment. @throws FetchError: url_refused, address_refused */
export function readUrl(
  text: unknown,
  { allowHttp = false, allowPrivateAddresses = false }: UrlRules,
  base?: URL,
): URL {
  const refuse = (fault: string): FetchError => new FetchError('url_refused', `the URL ${fault}`)
  if (typeof text !== 'string' || !URL.canParse(text, base?.href)) throw refuse('can not be read')
  const url = new URL(text, base?.href)
  url.hash = ''
  if (text.length > LENGTH_MAX || url.href.length > LENGTH_MAX) throw refuse(`is longer than ${LENGTH_MAX} characters`)
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) throw refuse('is not https')
  if (url.username !== '' || url.password !== '') throw refuse('names a user')
  if (url.port !== '' && Number(url.port) < FREE_PORT_MIN) throw refuse("names another protocol's port")
  // `new URL` has written numbers (`2130706433`, `0x7f.1`) as the address that they stand for.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) === 0 && !/^[\w.-]+$/.test(host)) throw refuse('has a host with odd characters')
  if (isIP(host) !== 0 && !allowPrivateAddresses && !isPublicAddress(host)) {
    throw new FetchError('address_refused', 'the URL names an address that is not public')
  }
  return url
}
