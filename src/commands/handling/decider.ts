/**
 * What may happen: the events that follow from a command in a state, or none when there is nothing to do. Pure, and the
 * same for each command: the command carries its ids, its randomness and its time (ISO 8601 UTC), and the state is what the
 * stream's events fold into, null before the first. Throws CommandRefused when a rule of the business forbids it.
 */
export type Decider<Command, State, Event> = (command: Command, state: State) => readonly Event[];
