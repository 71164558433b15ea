import { expect } from "vitest";
import { readEvent } from "../../src/events/catalogue.ts";
import type { GatewayEvent } from "../../src/events/catalogue.ts";
import { recorded } from "./recorded.ts";

interface When<State> {
  /** Decides on the state that the given events fold into. */
  when(decide: (state: State | null) => readonly GatewayEvent[]): Then;
}

interface Then {
  /** Asserts exactly these events, and that the log could be read again with each of them in it. */
  then(...expected: readonly GatewayEvent[]): void;
  /** Asserts that nothing happens. */
  thenNothing(): void;
}

/** `given(events).when(decide).then(events)` for one kind of stream. */
export function decider<State>(evolve: (state: State | null, event: GatewayEvent) => State) {
  return (...events: readonly GatewayEvent[]): When<State> => ({
    when(decide) {
      const decided = decide(events.reduce<State | null>((state, event) => evolve(state, event), null));
      return {
        then(...expected) {
          expect(decided).toEqual(expected);
          for (const event of decided) expect(readEvent(recorded("stream-1", event)).data).toEqual(event.data);
        },
        thenNothing: () => expect(decided).toEqual([]),
      };
    },
  });
}
