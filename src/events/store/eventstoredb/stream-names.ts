import { categoryOf } from "../event-store.ts";

/**
 * What the streams of this log are called on the server, which belongs to others too: each name begins with a prefix that
 * only the adapter knows. An event of a stream without it is not in the log.
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
   * The stream of the log that the server calls so; null for one that is not part of the log: without the prefix, or not
   * named `<category>-<id>` behind it (so that the log of a longer prefix, `a.b.` beside `a.`, is another one).
   */
  inLog(name: string): string | null {
    if (!name.startsWith(this.#prefix)) return null;
    const stream = name.slice(this.#prefix.length);
    return categoryIn(stream) === null ? null : stream;
  }

  /** What the names of all streams of these categories (undefined: of the log) begin with, for a filter on the server. */
  prefixes(categories: readonly string[] | undefined): string[] {
    if (categories === undefined) return [this.#prefix];
    return categories.map((category) => `${this.#prefix}${category}-`);
  }
}

/** Which streams of the log are asked for: those of the categories, or all (undefined). */
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
