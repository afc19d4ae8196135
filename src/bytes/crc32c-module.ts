/**
 * The inner loop of crc32c.ts as WebAssembly, put together here instruction by instruction, so that what runs can be
 * read. It is quick from its first byte on, which JavaScript is only once it has run for a while, and opening a store is
 * over by then. Sixteen bytes a step ("slicing by 16").
 */

/** A step's bytes; as many tables of 256 numbers lie at the memory's start. */
export const STEP_BYTES = 16
export const TABLE_NUMBERS = 256
/** Where the bytes go, and how many may. */
export const DATA_AT = 64 * 1024
export const DATA_BYTES = 256 * 1024
const PAGE_BYTES = 64 * 1024

/** Numbers of WebAssembly's instructions, types and sections: never change. */
const OP = {
  block: 0x02,
  loop: 0x03,
  end: 0x0b,
  branch: 0x0c,
  branchIf: 0x0d,
  get: 0x20,
  set: 0x21,
  load: 0x28,
  loadByte: 0x2d,
  constant: 0x41,
  isAbove: 0x4b,
  isAtLeast: 0x4f,
  add: 0x6a,
  and: 0x71,
  xor: 0x73,
  shiftLeft: 0x74,
  shiftRight: 0x76,
} as const
const SECTION = { type: 1, function: 3, memory: 5, export: 7, code: 10 } as const
const EXPORT = { function: 0, memory: 2 } as const
const I32 = 0x7f
const FUNCTION = 0x60
const NO_RESULT = 0x40
const HEADER = [0, ...Buffer.from('asm'), 1, 0, 0, 0]

/** Parameters and locals of `update(crc, at, end): crc`. */
const CRC = 0
const AT = 1
const END = 2
const WORD = 3

/** A module that exports `memory` and `update`, which takes the checksum so far over the memory's bytes from `at` to `end`. */
export function crc32cModule(): Uint8Array<ArrayBuffer> {
  const signature = [FUNCTION, ...list([[I32], [I32], [I32]]), ...list([[I32]])]
  const body = [...list([[1, I32]]), ...steps(), ...rest(), OP.get, CRC, OP.end]
  return Uint8Array.from([
    ...HEADER,
    ...section(SECTION.type, [signature]),
    ...section(SECTION.function, [[0]]),
    ...section(SECTION.memory, [[0, ...unsigned((DATA_AT + DATA_BYTES) / PAGE_BYTES)]]),
    ...section(SECTION.export, [exported('memory', EXPORT.memory), exported('update', EXPORT.function)]),
    ...section(SECTION.code, [[...unsigned(body.length), ...body]]),
  ])
}

/** While there is a whole step: its four words, the first one with the checksum so far. */
function steps(): number[] {
  const word = (i: number): number[] => {
    const bytes = [OP.get, AT, ...load(4 * i), ...(i === 0 ? [OP.get, CRC, OP.xor] : [])]
    return [...bytes, OP.set, WORD, ...lookUps(STEP_BYTES - 1 - 4 * i), ...(i === 0 ? [] : [OP.xor])]
  }
  const words = Array.from({ length: STEP_BYTES / 4 }, (_, i) => word(i))
  const isOver = [OP.get, AT, ...constant(STEP_BYTES), OP.add, OP.get, END, OP.isAbove]
  return whileNot(isOver, [...words.flat(), OP.set, CRC, ...advance(STEP_BYTES)])
}

/** What the word's bytes make of the checksum: the first has so many others after it in the step, and that table. */
function lookUps(firstTable: number): number[] {
  return [0, 1, 2, 3].flatMap(byte => {
    // Times four, which is what a number takes in its table.
    const shift = byte === 0 ? [...constant(2), OP.shiftLeft] : [...constant(8 * byte - 2), OP.shiftRight]
    const number = [OP.get, WORD, ...shift, ...constant(0xff << 2), OP.and]
    return [...number, ...load((firstTable - byte) * TABLE_NUMBERS * 4), ...(byte === 0 ? [] : [OP.xor])]
  })
}

/** Byte by byte, what is left. */
function rest(): number[] {
  const index = [OP.get, CRC, OP.get, AT, OP.loadByte, 0, 0, OP.xor, ...constant(0xff), OP.and]
  const changed = [
    ...index,
    ...constant(2),
    OP.shiftLeft,
    ...load(0),
    OP.get,
    CRC,
    ...constant(8),
    OP.shiftRight,
    OP.xor,
  ]
  return whileNot([OP.get, AT, OP.get, END, OP.isAtLeast], [...changed, OP.set, CRC, ...advance(1)])
}

function whileNot(isOver: readonly number[], body: readonly number[]): number[] {
  const inside = [...isOver, OP.branchIf, 1, ...body, OP.branch, 0]
  return [OP.block, NO_RESULT, OP.loop, NO_RESULT, ...inside, OP.end, OP.end]
}

function advance(bytes: number): number[] {
  return [OP.get, AT, ...constant(bytes), OP.add, OP.set, AT]
}

/** From the address on the stack, so much further. */
function load(offset: number): number[] {
  return [OP.load, 0, ...unsigned(offset)]
}

function constant(value: number): number[] {
  return [OP.constant, ...signed(value)]
}

function exported(name: string, kind: number): number[] {
  return [...list(Array.from(Buffer.from(name), letter => [letter])), kind, 0]
}

function section(id: number, entries: readonly (readonly number[])[]): number[] {
  const bytes = list(entries)
  return [id, ...unsigned(bytes.length), ...bytes]
}

function list(entries: readonly (readonly number[])[]): number[] {
  return [...unsigned(entries.length), ...entries.flat()]
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

/** LEB128 of a number that is not negative: its last byte's second bit is its sign. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)]
}
