/** A name in snake_case, such as `retry_schedule` for `retrySchedule`. */
export type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Name;

/** The same fields under their names in snake_case. */
export type SnakeCased<Data> = { [Name in keyof Data as Name extends string ? SnakeCase<Name> : Name]: Data[Name] };

/**
 * The data of an event as read models and the API spell it: the names of its fields in snake_case, their order and values
 * as they are. What is inside a value is somebody's content and stays.
 */
export function snakeCased<Data extends object>(data: Data): SnakeCased<Data> {
  const fields = Object.entries(data).map(([name, value]) => [snakeCase(name), value as unknown]);
  return Object.fromEntries(fields) as SnakeCased<Data>;
}

/** Some fields of an event's data as read models spell them, in the order in which they are named. */
export function fieldsOf<Data extends object, Name extends keyof Data & string>(
  data: Data,
  ...names: readonly Name[]
): SnakeCased<Pick<Data, Name>> {
  const fields = names.map((name) => [snakeCase(name), data[name]]);
  return Object.fromEntries(fields) as SnakeCased<Pick<Data, Name>>;
}

/** The names that were asked for before: those of the catalogue's fields, which are few and asked for at each event. */
const known = new Map<string, string>();

/** The name of an event's field as read models and the API spell it. */
export function snakeCase<Name extends string>(name: Name): SnakeCase<Name> {
  let spelled = known.get(name);
  if (spelled === undefined) {
    spelled = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    known.set(name, spelled);
  }
  return spelled as SnakeCase<Name>;
}
