/** Says something in one line on standard error, where it does not mix with what a command puts out. */
export function warn(line: string): void {
  process.stderr.write(`${line}\n`);
}
