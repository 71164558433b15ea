/** Calls back once, unless the returned function is called before. */
export type Alarm = (callback: () => void) => () => void;

/** The next turn of the event loop. */
export const nextTurnAlarm: Alarm = (callback) => {
  const immediate = setImmediate(callback);
  return () => clearImmediate(immediate);
};

/** Something that will come, and for which one may wait a while, time and again, without holding more each time. */
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

  /** Resolves to true when it is there, to false when the alarm came first. Waits only for one alarm at a time. */
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

  /** What came, once `within` said that it is there. Throws what it failed with. */
  take(): T {
    if (this.#take === null) throw new Error("what was waited for has not come");
    return this.#take();
  }
}
