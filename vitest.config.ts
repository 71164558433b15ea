import { configDefaults, defineConfig } from "vitest/config";

/** Tests that start processes. */
const OWN_PROCESS = [
  "test/end-to-end/**/*.test.ts",
  "test/servers/**/*.test.ts",
  "test/contract/eventstoredb-faults-opening.test.ts",
  "test/contract/sqlite-event-store-crash.test.ts",
  "test/contract/sqlite-event-store-directory.test.ts",
  "test/contract/sqlite-event-store-faults.test.ts",
  "test/unit/deployment/image.test.ts",
  "test/unit/deployment/secrets-recipe.test.ts",
  "test/unit/fixtures/eventstoredb/log-server.test.ts",
  "test/unit/processes/sending/signing/signature-docs.test.ts",
];

/**
 * Tests that need the machine for themselves, since others beside them would run into their limits and they into theirs; or
 * their process, in which they count the file handles.
 */
const ALONE = ["test/end-to-end/overload.test.ts", "test/unit/processes/sending/sender-file-handles.test.ts"];

export default defineConfig({
  test: {
    setupFiles: ["test/setup.ts"],
    // A busy machine may take long for what is waited for. The default of 1 s is for a page.
    expect: { poll: { timeout: 20_000, interval: 20 } },
    pool: "forks",
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text-summary", "html"] },
    projects: [
      {
        extends: true,
        test: {
          name: "quick",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...OWN_PROCESS, ...ALONE],
          // The files share their worker, so that each module of src/ is loaded once and not two hundred times.
          isolate: false,
          // Some of them wait for a deadline; with one worker more than there are cores, no core waits with them.
          maxWorkers: 3,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "processes",
          include: OWN_PROCESS,
          exclude: [...configDefaults.exclude, ...ALONE],
          // As above: what is tested are the processes that the files start, each its own.
          isolate: false,
          // Some of their time is waiting: for leases, time-outs and outages. More than three would wait for a core.
          maxWorkers: 3,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: ALONE,
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
