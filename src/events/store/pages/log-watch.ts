/** Tells a reader that the log may have grown. */
export interface LogWatch {
  /** Changes with every commit, after the commit can be read. Take it before reading, then no commit is missed. */
  version(): number;
  /** Resolves once the version is no longer `seen`, the signal aborts or the log closes. It may resolve too often. */
  changed(seen: number, signal: AbortSignal): Promise<void>;
  /** True when the log is closed to readers. */
  readonly closed: boolean;
}
