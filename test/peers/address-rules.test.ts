/** Which addresses a stranger's URL may lead to: edges of every range, and IPv4 in all the ways that IPv6 has to write it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPublicAddress } from '../../src/peers/fetch/address-rules.ts'
import { runs } from '../engine/runs.ts'

const ranges4 = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.88.99.0', '192.88.99.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '255.255.255.255'],
] as const

function numberOf(address: string): number {
  return address.split('.').reduce((number, byte) => number * 256 + Number(byte), 0)
}

function addressOf(number: number): string {
  return [24, 16, 8, 0].map(shift => (number >>> shift) & 0xff).join('.')
}

const isSpecial = (number: number): boolean =>
  ranges4.some(([first, last]) => number >= numberOf(first) && number <= numberOf(last))
const anyIPv4 = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc
    .constantFrom(
      ...ranges4.flatMap(([first, last]) => [numberOf(first) - 1, numberOf(first), numberOf(last), numberOf(last) + 1]),
    )
    .filter(number => number >= 0 && number < 2 ** 32),
)
const group = fc.integer({ min: 0, max: 0xffff }).map(each => each.toString(16))

describe('IPv4', () => {
  it('is public outside the special ranges, at their every edge too', () => {
    fc.assert(
      fc.property(anyIPv4, number => {
        expect(isPublicAddress(addressOf(number))).toBe(!isSpecial(number))
      }),
      runs(1000),
    )
  })

  it('is judged by what lies inside when NAT64 wrote it, and refused in every other disguise', () => {
    fc.assert(
      fc.property(anyIPv4, number => {
        const hex = [number >>> 16, number & 0xffff].map(each => each.toString(16)).join(':')
        const address = addressOf(number)
        for (const nat64 of [`64:ff9b::${hex}`, `64:ff9b::${address}`]) {
          expect(isPublicAddress(nat64), nat64).toBe(!isSpecial(number))
        }
        for (const disguise of [
          `::ffff:${address}`,
          `::ffff:${hex}`,
          `::${hex}`,
          `2002:${hex}::1`,
          `64:ff9b:1::${hex}`,
        ]) {
          expect(isPublicAddress(disguise), disguise).toBe(false)
        }
      }),
    )
  })
})

describe('IPv6', () => {
  it.each([
    '2000::',
    '2001:200::',
    '2001:4860:4860::8888',
    '2003::1',
    '2606:4700::1111',
    '3ffe:ffff::',
    '3fff:1000::',
    '2a00::1',
  ])('%s is public', address => expect(isPublicAddress(address)).toBe(true))

  it.each([
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    '2606:4700::1111%1',
    'fc00::',
    'fdff:ffff::1',
    'ff02::1',
    'fec0::1',
    '100::1',
    '2001::1',
    '2001:1ff:ffff::',
    '2001:db8::',
    '2001:db8:ffff::1',
    '2002::',
    '2002:ffff::',
    '3fff::',
    '3fff:fff::1',
    '1fff:ffff::',
    '4000::',
    '5f00::1',
    '64:ff9b:0:1::808:808',
  ])('%s is not', address => expect(isPublicAddress(address)).toBe(false))

  it('is public only where global unicast addresses are', () => {
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), groups => {
        const first = Number.parseInt(groups[0]!, 16)
        if (isPublicAddress(groups.join(':'))) expect(first >> 13 === 1 || first === 0x64).toBe(true)
        else if (first >> 13 === 1) expect(['2001', '2002', '3fff']).toContain(groups[0])
      }),
      runs(1000),
    )
  })
})

it.each([
  '',
  'localhost',
  '8.8.8',
  '8.8.8.8.',
  '08.8.8.8',
  '134744072',
  '0x8.8.8.8',
  '[2606:4700::1111]',
  '8.8.8.8/32',
  ' 8.8.8.8',
])('%j is no address', text => expect(isPublicAddress(text)).toBe(false))
