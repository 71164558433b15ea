/**
 * The data of an event as the API spells it: the names of its fields in snake_case, their order and values as they are.
 * What is inside a value is somebody's content and stays.
 */
export function snakeCased(data: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [snakeCase(name), value as unknown]));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
