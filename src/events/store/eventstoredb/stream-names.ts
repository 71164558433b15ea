import { categoryOf } from "../event-store.ts";

/**
 * The names of this log's streams on a shared server: each begins with a prefix that only the adapter knows. Events of
 * other streams are not in the log.
 */
export class StreamNames {
  readonly #prefix: string;

  /** `prefix`: 1 to 64 letters, digits, `_` and `.`. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The server's name of a stream of the log. */
  onServer(stream: string): string {
    return this.#prefix + stream;
  }

  /**
   * The log's stream for a server's name. Null if it is not in the log: without the prefix, or not `<category>-<id>`
   * after it (so the log with prefix `a.b.` is separate from that with `a.`).
   */
  inLog(name: string): string | null {
    if (!name.startsWith(this.#prefix)) return null;
    const stream = name.slice(this.#prefix.length);
    return categoryIn(stream) === null ? null : stream;
  }

  /** The prefixes of all streams of these categories (undefined: of the log), for a filter on the server. */
  prefixes(categories: readonly string[] | undefined): string[] {
    if (categories === undefined) return [this.#prefix];
    return categories.map((category) => `${this.#prefix}${category}-`);
  }
}

/** Whether a stream of the log matches: one of these categories, or any (undefined). */
export function streamFilter(categories: readonly string[] | undefined): (stream: string) => boolean {
  if (categories === undefined) return () => true;
  return (stream) => categories.includes(categoryOf(stream));
}

function categoryIn(stream: string): string | null {
  try {
    return categoryOf(stream);
  } catch {
    return null;
  }
}
