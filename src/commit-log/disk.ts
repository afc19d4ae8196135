/**
 * The few file operations the commit log needs, as an interface, so that tests can put a disk under it that loses what
 * was not synced or fails the N-th call. `node-disk.ts` is the real one. Paths are relative to the store's directory.
 */

/** Random access to one file. Reads may come back short at the end of the file. */
export interface DiskFile {
  /** Bytes read; 0 at the end of the file. Blocks the thread. */
  readSync(target: Buffer, targetAt: number, length: number, position: number): number
  /** Bytes read; 0 at the end of the file. */
  read(target: Buffer, targetAt: number, length: number, position: number): Promise<number>
  /** Writes all of `bytes`; durable on return when the file was created `durable`. */
  write(bytes: Buffer, position: number): Promise<void>
  /** Makes what was written survive a power cut. Never called again after it failed. */
  sync(): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export interface Disk {
  /** Names of the files and folders in a folder; empty when it does not exist. */
  list(folder: string): Promise<string[]>
  makeFolder(folder: string): Promise<void>
  /** Opens for reading. Blocks the thread for one system call. */
  open(file: string): DiskFile
  /** Creates a new file for writing and reading; `durable`: each write returns only once it is on disk. */
  create(file: string, options: { readonly durable: boolean }): Promise<DiskFile>
  /** The whole file; null when it does not exist. */
  readWhole(file: string): Promise<Buffer | null>
  rename(from: string, to: string): Promise<void>
  remove(file: string): Promise<void>
  /** Makes created, renamed and removed names of a folder survive a power cut. */
  syncFolder(folder: string): Promise<void>
  /** Bytes that may still be written; null when the system can't tell. */
  freeBytes(): Promise<number | null>
}
