/**
 * Which addresses of the network are somebody else's public ones. All others are refused: a stranger's URL must not lead
 * to what only this machine can reach. After the IANA registries of special-purpose addresses, RFC 6890 and RFC 6052.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

const special4: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // behind a carrier's NAT
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local; the metadata of cloud machines
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays, given up
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and broadcast
]
/** Global unicast. Loopback, link-local, unique local, multicast and addresses with an IPv4 one inside lie outside. */
const global6 = ['2000::', 3] as const
const special6: readonly (readonly [network: string, bits: number])[] = [
  ['2001::', 23], // protocol assignments: Teredo, benchmarks, ORCHID
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4, given up: another way to write IPv4
  ['3fff::', 20], // documentation
]
/** What a resolver behind NAT64 makes of an IPv4 address; as good as the one inside. */
const nat64 = '64:ff9b::'

const refused4 = new BlockList()
const refused6 = new BlockList()
const taken6 = new BlockList()
taken6.addSubnet(...global6, 'ipv6')
taken6.addSubnet(nat64, 96, 'ipv6')
for (const [network, bits] of special6) refused6.addSubnet(network, bits, 'ipv6')
for (const [network, bits] of special4) {
  refused4.addSubnet(network, bits, 'ipv4')
  refused6.addSubnet(`${nat64}${network}`, 96 + bits, 'ipv6')
}

/** False for whatever is no address. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !refused4.check(address, 'ipv4')
  // With a zone (`fe80::1%eth0`) it is a link's own.
  if (!isIPv6(address) || address.includes('%')) return false
  return taken6.check(address, 'ipv6') && !refused6.check(address, 'ipv6')
}
