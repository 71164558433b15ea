/** Notifies readers that the log may have grown. */
export interface LogWatch {
  /** Changes with every commit, once the commit is readable. Take it before reading to miss no commit. */
  version(): number;
  /** Resolves once the version is no longer `seen`, the signal aborts or the log closes. It may resolve too early. */
  changed(seen: number, signal: AbortSignal): Promise<void>;
  /** True when the log is closed to readers. */
  readonly closed: boolean;
}
