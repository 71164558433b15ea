import { describe, expect, it } from "vitest";
import { SETTING_ENTRIES } from "../../../src/events/chosen-settings.ts";
import {
  attemptErrorCode,
  attemptOutcome,
  deliveryStatus,
  endReason,
  holdReason,
  waitingFor,
} from "../../../src/events/delivery-terms.ts";
import { HEADER_LIMITS } from "../../../src/events/endpoint-headers.ts";
import { CONCURRENCY_LIMITS, RETRY_LIMITS } from "../../../src/events/endpoint-settings.ts";
import { disablingReason, endpointStatus } from "../../../src/events/endpoint-terms.ts";
import { pauseScopeKind } from "../../../src/events/pause.ts";
import { REASON_LIMITS } from "../../../src/http/admin/pause-schema.ts";
import { listedState } from "../../../src/http/admin/admin-deliveries-schema.ts";
import { PAGE_LIMITS } from "../../../src/http/requests/page-parameters.ts";
import { NICKNAME_LIMITS } from "../../../src/http/endpoints/schemas/endpoint-settings-schema.ts";
import { ERRORS } from "../../../src/http/errors.ts";
import { USERNAME_LIMITS } from "../../../src/http/users/create-user-schema.ts";
import { APPEND_OUTCOMES, DISPATCH_STATUSES } from "../../../src/observability/metrics.ts";
import { MAX_RESPONSE_BODY_BYTES } from "../../../src/processes/sending/answers/response-body.ts";
import { MAX_URL_CHARACTERS } from "../../../src/processes/sending/targets/target-rules.ts";
import { rebuildPhase, shownState } from "../../../src/projections/running/projection-terms.ts";
import { textOf } from "./facts.ts";
import { explained, namesIn, rowsBelow } from "./tables.ts";

const API = "docs/reference/http-api.md";
const RECEIVERS = "docs/reference/receivers.md";
const ENDPOINTS = "docs/operations/endpoints.md";
const METRICS = "docs/operations/metrics.md";
const GLOSSARY = "docs/glossary.md";

/** What a cell lists before it says more. */
function listed(path: string, heading: string, name: string): string[] {
  return namesIn(explained(path, heading, name).split(";")[0] ?? "");
}

/** All names in a column of a table. */
function column(path: string, heading: string, name: string): string[] {
  return [...new Set(rowsBelow(path, heading).flatMap((row) => namesIn(row[name] ?? "")))];
}

describe("a page that lists the words of a catalogue has exactly these", () => {
  it("of the errors, each with its status", () => {
    const shown = rowsBelow(API, "Errors").flatMap((row) =>
      namesIn(row["`error`"] ?? "")
        .filter((error) => error !== "Endpoint with id 7 not found")
        .map((error) => `${row["status"]} ${error}`),
    );
    expect(shown.sort()).toEqual(
      Object.values(ERRORS)
        .map(({ status, error }) => `${status} ${error}`)
        .sort(),
    );
  });

  it("of the statuses of a delivery", () => {
    expect(listed(API, "Deliveries", "status")).toEqual(deliveryStatus.options);
    expect(listed(GLOSSARY, "Delivering", "status")).toEqual(deliveryStatus.options);
  });

  it("of the reasons why a delivery ended without success", () => {
    expect(listed(API, "Deliveries", "failure_reason").sort()).toEqual([...endReason.options].sort());
  });

  it("of what a delivery waits for", () => {
    expect(listed(API, "Deliveries", "waiting_for").sort()).toEqual([...waitingFor.options].sort());
    const shown = column("docs/operations/status.md", "What is stuck", "`waiting_for`");
    expect(shown.sort()).toEqual([...waitingFor.options].sort());
  });

  it("of the states that an operator lists deliveries by", () => {
    expect(column(API, "Operators", "`state`")).toEqual(listedState.options);
  });

  it("of the outcomes of an attempt", () => {
    expect(listed(API, "Deliveries", "outcome")).toEqual(attemptOutcome.options);
    expect(listed(API, "Endpoints", "attempt_outcomes")).toEqual(attemptOutcome.options);
    expect(listed(GLOSSARY, "Delivering", "outcome")).toEqual(attemptOutcome.options);
    expect(listed("docs/operations/logs.md", "One line for each attempt: `attempt`", "outcome")).toEqual(
      attemptOutcome.options,
    );
    expect(listed(METRICS, "Metrics", "webhook_attempts_total")).toEqual(attemptOutcome.options);
    expect(column(RECEIVERS, "Outcomes", "outcome").sort()).toEqual([...attemptOutcome.options].sort());
  });

  it("of the error codes of an attempt", () => {
    expect(column(RECEIVERS, "Outcomes", "`error_code`").sort()).toEqual([...attemptErrorCode.options].sort());
  });

  it("of the reasons why a delivery is held, and of the scopes of a pause", () => {
    const held = rowsBelow("docs/operations/audit.md", "The events").filter((row) => row["event"] === "`DeliveryHeld`");
    expect(held.flatMap((row) => namesIn(row["what happened"] ?? ""))).toEqual(holdReason.options);
    const scopes = namesIn(explained(METRICS, "Metrics", "webhook_pauses"));
    expect(scopes).toEqual(pauseScopeKind.options);
    const text = textOf(API).replaceAll(/\s+/g, " ");
    expect(text).toContain("`scope` (`all`, `user` or `endpoint`)");
  });

  it("of the statuses of an endpoint that are shown", () => {
    expect(listed(API, "Endpoints", "status")).toEqual(endpointStatus.exclude(["deleted"]).options);
  });

  it("of the reasons why an endpoint is disabled", () => {
    expect(listed(API, "Endpoints", "disabled_reason")).toEqual(disablingReason.options);
    const states = rowsBelow(ENDPOINTS, "The promise").map((row) => row["the endpoint"] ?? "");
    const disabled = states.filter((state) => state.startsWith("disabled"));
    expect(disabled.flatMap(namesIn).sort()).toEqual([...disablingReason.options].sort());
  });

  it("of the settings of an endpoint", () => {
    const names = SETTING_ENTRIES.map(([, { name }]) => name);
    expect(column(ENDPOINTS, "What its owner chooses", "field")).toEqual(names);
    const shown = rowsBelow(API, "Endpoints").map((row) => row["field"] ?? "");
    expect(shown.map(namesIn)).toContainEqual(names);
  });

  it("of the states of a projection and the phases of a rebuild", () => {
    const page = "docs/operations/rebuild.md";
    expect(listed(page, "See", "state").sort()).toEqual([...shownState.options].sort());
    expect(listed(page, "See", "rebuild")).toEqual(rebuildPhase.options);
  });

  it("of the labels of metrics", () => {
    const appends = namesIn(explained(METRICS, "Metrics", "webhook_append_duration_seconds"));
    expect(appends.sort()).toEqual([...APPEND_OUTCOMES].sort());
    const dispatches = namesIn(explained(METRICS, "Metrics", "webhook_dispatches_total"));
    expect(dispatches.filter((name) => !name.startsWith("POST")).sort()).toEqual([...DISPATCH_STATUSES].sort());
  });
});

describe("a page that has a limit has the one that holds", () => {
  it.each([
    [API, `by default ${PAGE_LIMITS.default}`],
    [API, `${PAGE_LIMITS.min} to ${PAGE_LIMITS.max}, by default`],
    [API, `${NICKNAME_LIMITS.min} to ${NICKNAME_LIMITS.max} characters`],
    [API, `nickname must be between ${NICKNAME_LIMITS.min} and ${NICKNAME_LIMITS.max}`],
    [API, `${REASON_LIMITS.min} to ${REASON_LIMITS.max} characters (UTF-16 units), not blank`],
    [API, `reason must be between ${REASON_LIMITS.min} and ${REASON_LIMITS.max} characters`],
    [API, `username must be between ${USERNAME_LIMITS.min} and ${USERNAME_LIMITS.max} characters`],
    ["docs/reference/targets.md", `1 to ${MAX_URL_CHARACTERS} characters`],
    [RECEIVERS, `The first ${MAX_RESPONSE_BODY_BYTES / 1024} KiB of the body`],
    [ENDPOINTS, `from ${RETRY_LIMITS.minSeconds} to ${RETRY_LIMITS.maxSeconds}, at most ${RETRY_LIMITS.waits};`],
    [ENDPOINTS, `on each instance, ${CONCURRENCY_LIMITS.min} to ${CONCURRENCY_LIMITS.max}`],
    [ENDPOINTS, `sent with every attempt, at most ${HEADER_LIMITS.headers}`],
    [ENDPOINTS, `a name of at most ${HEADER_LIMITS.nameCharacters} characters`],
    [ENDPOINTS, `a value of 1 to ${HEADER_LIMITS.valueCharacters} printable ASCII characters`],
  ])("%s: %s", (path, text) => {
    expect(textOf(path).replaceAll(/\s+/g, " ")).toContain(text);
  });
});
