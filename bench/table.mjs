/** Numbers as a person reads them: medians, units, and a table with its columns in line. */

/** @param {readonly number[]} numbers */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

/**
 * @param {number} value
 * @param {number} [digits]
 */
export function grouped(value, digits = 0) {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** @param {number} bytes */
export function mebibytes(bytes) {
  return grouped(bytes / 2 ** 20, bytes < 10 * 2 ** 20 ? 1 : 0)
}

/**
 * The first column to the left, the others to the right.
 * @param {readonly string[]} header
 * @param {readonly (readonly string[])[]} rows
 */
export function table(header, rows) {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map(row => row[i]?.length ?? 0)))
  const line = (/** @type {readonly string[]} */ cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')
  return [line(header), widths.map(width => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}
