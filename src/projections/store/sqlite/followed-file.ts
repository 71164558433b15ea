import type { Connection } from "./connection.ts";
import type { ReadModelsFileOptions } from "./read-models-file.ts";
import { fileIdentity, openForReading } from "./read-models-file.ts";

/** A reader's connection to the read models' file, even when a writer replaces that file. */
export class FollowedFile {
  readonly #directory: string;
  readonly #options: ReadModelsFileOptions;
  #connection: Connection | null = null;
  #identity: string | null = null;

  constructor(directory: string, options: ReadModelsFileOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /** The connection to the current file, or null if there is no usable file. */
  current(): Connection | null {
    // A writer that starts later may replace the file; the old one, unlinked, would answer for ever.
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
