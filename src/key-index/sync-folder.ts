/** Makes the names in a folder survive a power cut. */
import { open } from 'node:fs/promises'

/** Not every system lets a folder be opened, and then its names need no syncing. */
export async function syncFolder(folder: string): Promise<void> {
  let file
  try {
    file = await open(folder)
  } catch {
    return
  }
  try {
    await file.sync()
  } catch {
    // As above.
  } finally {
    await file.close()
  }
}
