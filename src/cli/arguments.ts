/** The arguments and options that several commands share. */
import { Argument, InvalidArgumentError, Option } from 'commander'

export function storeArgument(): Argument {
  return new Argument('<db>', 'the directory of the store')
}

export function actorArgument(): Argument {
  return new Argument('<actor>', 'the id of an actor, as `ls` prints it')
}

export function actorOption(description: string): Option {
  return new Option('--actor <id>', description).argParser(text => {
    if (text === '') throw new InvalidArgumentError('An id is not empty.')
    return text
  })
}

export function boxOption(description: string): Option {
  return new Option('--box <box>', description).choices(['inbox', 'outbox'])
}

export function boxArgument(): Argument {
  return new Argument('<box>', 'which of its two logs').choices(['inbox', 'outbox'])
}

export function jsonOption(what: string): Option {
  return new Option('--json', `print ${what}`)
}

export function afterOption(): Option {
  return new Option('--after <n>', 'start above this sequence; at the first record by default').argParser(text =>
    wholeNumber(text, 0),
  )
}

export function beforeOption(): Option {
  return new Option('--before <n>', 'stop below this sequence').argParser(text => wholeNumber(text, 1))
}

export function limitOption(): Option {
  return new Option('--limit <n>', 'stop after so many records').argParser(text => wholeNumber(text, 1))
}

/** For what can't be undone. */
export function yesOption(): Option {
  return new Option('--yes', 'do it: without this nothing is changed')
}

export function sequenceArgument(): Argument {
  return new Argument('<seq>', 'the sequence of the record').argParser(text => wholeNumber(text, 1))
}

/** The text below a command's options. */
export function example(...lines: string[]): string {
  return `\nExample:\n${lines.map(line => `  ${line}`).join('\n')}`
}

export function wholeNumber(text: string, min: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : -1
  if (number >= min && Number.isSafeInteger(number)) return number
  throw new InvalidArgumentError(`Not a whole number from ${min} on.`)
}
