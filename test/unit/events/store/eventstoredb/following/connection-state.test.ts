import { expect, test } from "vitest";
import { ConnectionState } from "../../../../../../src/events/store/eventstoredb/following/connection-state.ts";

function recorded(): { state: ConnectionState; told: (string | null)[] } {
  const told: (string | null)[] = [];
  return { state: new ConnectionState((reason) => told.push(reason)), told };
}

test("trouble is reported once, with the first reason, and its end when the last follower is well again", () => {
  const { state, told } = recorded();
  const [first, second] = [state.join(), state.join()];
  first.note(null);
  second.note(null);
  expect(told).toEqual([]);
  first.note("broken");
  second.note("broken too");
  first.note("still broken");
  first.note(null);
  expect(told).toEqual(["broken"]);
  second.note("refused");
  second.note(null);
  expect(told).toEqual(["broken", null]);
});

test("the trouble of a follower ends with it, where others are well", () => {
  const { state, told } = recorded();
  const [well, troubled] = [state.join(), state.join()];
  well.note(null);
  troubled.note("too slow");
  troubled.leave();
  expect(told).toEqual(["too slow", null]);
});

test("trouble outlives its last follower, until one is well", () => {
  const { state, told } = recorded();
  const troubled = state.join();
  // Has not said anything yet, so does not count.
  const silent = state.join();
  troubled.note("away");
  troubled.leave();
  expect(told).toEqual(["away"]);
  silent.note(null);
  expect(told).toEqual(["away", null]);
});
