/** Strict base64 and base64url (RFC 4648 §3.5): each sequence of bytes has exactly one text. */

/** The bytes, or nothing when an encoder would not have written this very text: padding and its bits included. */
export function decodeBase64(text: string, variant: 'base64' | 'base64url' = 'base64'): Buffer | undefined {
  const bytes = Buffer.from(text, variant)
  return bytes.toString(variant) === text ? bytes : undefined
}
