import { describe, expect, it } from "vitest";
import { refuseUnlessCurrent } from "../../../../src/http/requests/up-to-date.ts";
import { ProjectionProgress } from "../../../../src/projections/running/projection-progress.ts";
import type { ProjectionStatus } from "../../../../src/projections/running/projection-report.ts";
import { ReadModelsUnavailable } from "../../../../src/projections/store/document-store.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

describe("a question that only this version of a read model answers", () => {
  it("is refused while an earlier version is shown, and no other is", () => {
    const progress = new ProjectionProgress(new FakeClock());
    const report = (name: string, state: ProjectionStatus["state"]): void =>
      progress.report({ name, version: 1, position: null, state, fault: null });
    report("users", "outdated");
    report("endpoints", "live");
    expect(() => refuseUnlessCurrent({ progress }, ["endpoints", "users"])).toThrow(ReadModelsUnavailable);
    refuseUnlessCurrent({ progress }, ["endpoints"]);
    report("users", "live");
    refuseUnlessCurrent({ progress }, ["endpoints", "users"]);
  });
});
