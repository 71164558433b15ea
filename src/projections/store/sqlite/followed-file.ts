import type { Connection } from "./connection.ts";
import type { ReadModelsFileOptions } from "./read-models-file.ts";
import { fileIdentity, openForReading } from "./read-models-file.ts";

/** A reader's connection to the read models' file, whichever file that is at the time. */
export class FollowedFile {
  readonly #directory: string;
  readonly #options: ReadModelsFileOptions;
  #connection: Connection | null = null;
  #identity: string | null = null;

  constructor(directory: string, options: ReadModelsFileOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /** The connection to the file as it is now, or null when there is none yet that can be used. */
  current(): Connection | null {
    // A writer that starts after this reader may replace the file; the old one, unlinked, would answer for ever.
    const identity = fileIdentity(this.#directory);
    if (this.#connection === null || identity !== this.#identity) {
      this.close();
      this.#identity = identity;
      this.#connection = openForReading(this.#directory, this.#options);
    }
    return this.#connection;
  }

  close(): void {
    this.#connection?.close();
    this.#connection = null;
  }
}
