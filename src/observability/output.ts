import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";
import { isatty } from "node:tty";

/** What a write came to: how many bytes were taken, or the system's error. */
export type Written = (error: NodeJS.ErrnoException | null, bytes: number) => void;

/** Takes bytes without ever holding the thread that gives them. */
export interface Output {
  /** Writes `bytes` from this offset on, or the first part of them, and calls back in a later turn. */
  write(bytes: Buffer, offset: number, written: Written): void;
  /**
   * Writes what is taken at once, for a process that ends now.
   *
   * @throws the system's error; `EAGAIN` when nothing is taken now
   */
  writeNow(bytes: Buffer): void;
}

/**
 * Opens an output on a file descriptor that the process was given.
 *
 * Node's own standard output holds the thread: a file or a terminal until it has taken the bytes. Here a thread of the
 * pool writes. A pipe, a socket and a terminal are asked to refuse what they cannot take (`O_NONBLOCK`), because a write
 * that waits would hold that thread for ever, and with it the end of the process.
 */
export function openOutput(fd: number): Output {
  const unheld = withoutWaiting(fd);
  return {
    write: (bytes, offset, written) => write(unheld, bytes, offset, bytes.length - offset, null, written),
    writeNow: (bytes) => {
      for (let offset = 0; offset < bytes.length;) offset += writeSync(unheld, bytes, offset);
    },
  };
}

/** A descriptor of the same file that refuses with `EAGAIN` what it cannot take now, as far as that can be had. */
function withoutWaiting(fd: number): number {
  try {
    if (isatty(fd)) {
      // Another one of the same terminal: the flag on this one would be the shell's as well, and break what it runs next.
      const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
      return openSync(`/dev/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    }
    const stats = fstatSync(fd);
    // Node has no other way to set the flag. It takes it back from the standard descriptors when the process ends.
    if (stats.isFIFO() || stats.isSocket()) new Socket({ fd, readable: false, writable: true }).unref();
  } catch {
    // Without the right to open the terminal again, a write to it may wait: see LogOutput.end.
  }
  return fd;
}
