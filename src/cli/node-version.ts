/** The lowest major version of Node that has what the program is made with, such as `node:sqlite`; `engines` in package.json. */
export const MIN_NODE_MAJOR = 24;

/**
 * Says in one line why the program cannot run on this version of Node (`process.versions.node`) and what to do; null when it
 * can. This file imports nothing, so that an old Node can load it.
 */
export function nodeVersionProblem(version: string): string | null {
  if (Number.parseInt(version, 10) >= MIN_NODE_MAJOR) return null;
  const required = `Node ${String(MIN_NODE_MAJOR)}`;
  return (
    `webhook-gateway needs ${required} or later, and this is Node ${version}: ` +
    `install ${required} from https://nodejs.org, or run \`npm ci && npm start\`, which brings its own`
  );
}
