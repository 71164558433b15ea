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

/** A name of an event's field as read models and the API spell it. */
export function snakeCase<Name extends string>(name: Name): SnakeCase<Name> {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) as SnakeCase<Name>;
}
