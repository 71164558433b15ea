/** Calls back once, unless the returned function is called first. */
export type Alarm = (callback: () => void) => () => void;

/** The next turn of the event loop. */
export const nextTurnAlarm: Alarm = (callback) => {
  const immediate = setImmediate(callback);
  return () => clearImmediate(immediate);
};

/** A value that will arrive, for which one can wait repeatedly with a limit, without holding more memory each time. */
export class Arrival<T> {
  #take: (() => T) | null = null;
  #wake: () => void = () => undefined;

  constructor(coming: Promise<T>) {
    const settle = (take: () => T): void => {
      this.#take = take;
      this.#wake();
    };
    coming.then(
      (value) => settle(() => value),
      (error: unknown) =>
        settle(() => {
          throw error;
        }),
    );
  }

  /** Resolves to true when the value is there, to false if the alarm comes first. Supports one wait at a time. */
  within(alarm: Alarm): Promise<boolean> {
    if (this.#take !== null) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = alarm(() => {
        this.#wake = () => undefined;
        resolve(false);
      });
      this.#wake = () => {
        cancel();
        resolve(true);
      };
    });
  }

  /** The value, after `within` returned true. Throws its error. */
  take(): T {
    if (this.#take === null) throw new Error("the value has not arrived");
    return this.#take();
  }
}
