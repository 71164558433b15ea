import { stdout } from "node:process";

/** A vitest reporter: names every test that was skipped, with the reason that it gave (`context.skip(reason)`). */
export default class ListSkipped {
  onTestRunEnd(testModules) {
    for (const testModule of testModules) {
      for (const test of testModule.children.allTests("skipped")) {
        const reason = test.result().note ?? "see the test";
        stdout.write(`skipped: ${testModule.relativeModuleId} > ${test.fullName} (${reason})\n`);
      }
    }
  }
}
