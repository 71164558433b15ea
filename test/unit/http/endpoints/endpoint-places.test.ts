import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { EndpointPlaces } from "../../../../src/http/endpoints/endpoint-places.ts";
import type { EndpointDocument } from "../../../../src/projections/endpoints.ts";

const USER = 3;

/** What the directory knows: the ids of the user's endpoints. */
class Known {
  readonly ids = new Set<number>();

  endpointCount(): number {
    return this.ids.size;
  }

  knownEndpoint(endpointId: number): EndpointDocument | null {
    return this.ids.has(endpointId) ? ({ endpoint_id: endpointId } as unknown as EndpointDocument) : null;
  }
}

/** Registrations that end when the test says so. */
class Asked {
  readonly known = new Known();
  readonly places: EndpointPlaces;
  readonly begun: PromiseWithResolvers<{ endpointId: number }>[] = [];
  readonly ended: string[] = [];
  catchUps = 0;
  #name = 0;

  constructor(limit: number) {
    this.places = new EndpointPlaces(limit, this.known);
  }

  async ask(times = 1, onCatchUp: () => void = () => undefined): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      const name = (this.#name += 1);
      const begin = (): Promise<{ endpointId: number }> => {
        const registration = Promise.withResolvers<{ endpointId: number }>();
        this.begun.push(registration);
        return registration.promise;
      };
      const catchUp = async (): Promise<void> => {
        this.catchUps += 1;
        onCatchUp();
      };
      void this.places.take(USER, begin, catchUp).then(
        () => this.ended.push(`${name} registered`),
        (error: unknown) => this.ended.push(`${name} ${error instanceof Error ? error.message : "?"}`),
      );
    }
    await setImmediate();
  }

  async register(n: number, endpointId: number): Promise<void> {
    this.begun[n]?.resolve({ endpointId });
    await setImmediate();
  }

  async fail(n: number): Promise<void> {
    this.begun[n]?.reject(new Error("failed"));
    await setImmediate();
  }
}

describe("the places of a user's endpoints", () => {
  it("let as many begin at once as there is place, and refuse the others once those are registered", async () => {
    const asked = new Asked(2);
    await asked.ask(4);
    expect([asked.begun.length, asked.ended]).toEqual([2, []]);
    await asked.register(0, 11);
    expect(asked.ended).toEqual(["1 registered"]);
    await asked.register(1, 12);
    expect(asked.ended.toSorted()).toEqual([
      "1 registered",
      "2 registered",
      "3 Too many endpoints",
      "4 Too many endpoints",
    ]);
    expect(asked.begun).toHaveLength(2);
  });

  it("give the place of a registration that fails to the next", async () => {
    const asked = new Asked(1);
    await asked.ask(3);
    await asked.fail(0);
    expect([asked.begun.length, asked.ended]).toEqual([2, ["1 failed"]]);
    await asked.register(1, 12);
    expect(asked.ended).toEqual(["1 failed", "2 registered", "3 Too many endpoints"]);
  });

  it("count what is registered before the directory knows it, and once when it does", async () => {
    const asked = new Asked(2);
    await asked.ask();
    await asked.register(0, 11);
    asked.known.ids.add(11);
    await asked.ask();
    // It is seen before its registration has ended.
    asked.known.ids.add(12);
    await asked.ask();
    await asked.register(1, 12);
    expect(asked.ended).toEqual(["1 registered", "3 Too many endpoints", "2 registered"]);
    expect(asked.begun).toHaveLength(2);
  });

  it("look for what was deleted elsewhere before they refuse, and wait for nothing below the limit", async () => {
    const asked = new Asked(1);
    asked.known.ids.add(10);
    await asked.ask(1, () => asked.known.ids.delete(10));
    expect([asked.begun.length, asked.catchUps]).toEqual([1, 1]);
    await asked.register(0, 11);
    await asked.ask();
    expect(asked.ended).toEqual(["1 registered", "2 Too many endpoints"]);
  });

  it("are any number when there is no limit", async () => {
    const asked = new Asked(0);
    await asked.ask(100);
    expect(asked.begun).toHaveLength(100);
  });
});
