import { expect } from "vitest";
import type { Decider } from "../../src/commands/handling/decider.ts";
import { readEvent } from "../../src/events/catalogue.ts";
import type { GatewayEvent } from "../../src/events/catalogue.ts";
import { recorded } from "./recorded.ts";

interface When<Command> {
  /** Decides on a command in the state that the given events fold into. */
  when(command: Command): Then;
}

interface Then {
  /** Asserts exactly these events, and that the log could be read again with each of them in it. */
  then(...expected: readonly GatewayEvent[]): void;
  /** Asserts that nothing happens. */
  thenNothing(): void;
}

/** `given(events).when(command).then(events)` for one decider and the fold of its stream. */
export function decider<Command, State, Event extends GatewayEvent>(
  evolve: (state: State | null, event: Event) => State,
  decide: Decider<Command, State | null, GatewayEvent>,
) {
  return (...events: readonly Event[]): When<Command> => ({
    when(command) {
      const decided = decide(
        command,
        events.reduce<State | null>((state, event) => evolve(state, event), null),
      );
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
