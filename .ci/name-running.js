import { writeSync } from "node:fs";
import process from "node:process";

/** A vitest reporter: names the files whose tests still ran, when SIGTERM ends a run that takes too long. */
export default class NameRunning {
  #running = new Set();

  onInit() {
    process.once("SIGTERM", () => {
      for (const file of this.#running) writeSync(1, `still running: ${file}\n`);
      process.exit(1);
    });
  }

  onTestModuleStart({ relativeModuleId }) {
    this.#running.add(relativeModuleId);
  }

  onTestModuleEnd({ relativeModuleId }) {
    this.#running.delete(relativeModuleId);
  }
}
