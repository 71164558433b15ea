import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { NOW, ask, errorText, newDelivery, newEndpoint, newUser, standingClock } from "./asking.ts";

const UNKNOWN = errorText(404, "Delivery not found");

describe("one delivery", () => {
  let gateway: Gateway;
  let key: string;
  let endpoint: number;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key);
  });
  afterAll(() => gateway.stop());

  it("is shown with its members in their documented order", async () => {
    const id = await newDelivery(gateway, key, endpoint, '{"a":1}');
    expect((await ask(gateway, `GET /v1/deliveries/${id}`, { key })).text).toBe(
      `{"id":"${id}","endpoint_id":${endpoint},"user_id":1,"status":"PENDING","attempts":0,"next_attempt_at":"${NOW}",` +
        `"waiting_for":"slot","created_at":"${NOW}","completed_at":null,"payload_bytes":7,` +
        `"payload_sha256":"015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",` +
        `"reference":null,"failure_reason":null,"attempt_log":[]}`,
    );
  });

  it("is there as soon as it was accepted", async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => newDelivery(gateway, key, endpoint)));
    const replies = await Promise.all(ids.map((id) => ask(gateway, `GET /v1/deliveries/${id}`, { key })));
    expect(replies.every(({ status }) => status === 200)).toBe(true);
    const [id] = await Promise.all([newDelivery(gateway, key, endpoint)]);
    const list = await ask(gateway, "GET /v1/deliveries?limit=1", { key });
    expect((list.json() as { data: { id: string }[] }).data[0]?.id).toBe(id);
  });

  it("is found by its id in any case, on each route that takes one", async () => {
    const id = await newDelivery(gateway, key, endpoint);
    const upper = id.toUpperCase();
    expect(upper).not.toBe(id);
    const paths = ["", "/events", "/payload"].map((rest) => `deliveries/{id}${rest}`);
    const queries = ["deliveries/{id}?at=2027-01-31T12:00:00Z", "audit/events?delivery_id={id}"];
    for (const path of [...paths, ...paths.map((one) => `audit/${one}`), ...queries]) {
      const as = path.startsWith("audit/") ? TEST_STAFF_KEYS.auditor : key;
      const shown = await ask(gateway, `GET /v1/${path.replace("{id}", id)}`, { key: as });
      expect([path, shown.status]).toEqual([path, 200]);
      expect(shown.text).not.toBe("");
      expect((await ask(gateway, `GET /v1/${path.replace("{id}", upper)}`, { key: as })).text, path).toBe(shown.text);
    }
    // Each payload that staff read is an event under the id that the log knows.
    const read = await ask(gateway, `GET /v1/audit/events?stream=access-${id}`, { key: TEST_STAFF_KEYS.auditor });
    expect(read.text.trimEnd().split("\n")).toHaveLength(2);
  });

  it("answers 404 alike for foreign, unknown and malformed ids", async () => {
    const mine = await newDelivery(gateway, key, endpoint);
    const other = await newUser(gateway);
    const paths = [
      mine,
      "01890a5d-ac96-774b-bcce-b302099a8057",
      "1",
      "nonsense",
      "%00",
      "..%2f..%2fetc",
      `${mine}%20`,
      `{${mine}}`,
      "x".repeat(101),
      "x".repeat(10_000),
    ].flatMap((id) => [`/v1/deliveries/${id}`, `/v1/deliveries/${id}/payload`]);
    for (const path of paths) {
      const reply = await ask(gateway, `GET ${path}`, { key: other });
      expect(reply.status).toBe(404);
      expect(reply.text, path).toBe(UNKNOWN);
    }
    expect((await ask(gateway, `GET /v1/deliveries/${mine}`, { key })).status).toBe(200);
  });
});
