/**
 * Whether a string is well-formed Unicode: no lone surrogate, so that its UTF-8 says the same again. Strings that are
 * not are refused before anything is written: an encoder would put U+FFFD where the surrogate was.
 */

/** Every supported Node has the method; TypeScript declares it from es2024 on. */
interface WellFormedness {
  isWellFormed(): boolean
}

export function isWellFormed(text: string): boolean {
  return (text as unknown as WellFormedness).isWellFormed()
}
