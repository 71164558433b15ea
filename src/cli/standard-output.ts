/**
 * Standard output for much text or its bytes: each write resolves when they were taken, so that a slow reader is waited for and
 * nothing is lost when the process ends. It rejects in one line when the reader has gone.
 */
export function standardOutput(): (text: string | Uint8Array) => Promise<void> {
  // Each write hears by itself that the reader has gone; without a listener here it would end the process as well.
  process.stdout.on("error", () => undefined);
  return (text) =>
    new Promise((resolve, reject) => {
      process.stdout.write(text, (error) => {
        if (error) reject(new Error(`standard output takes no more: ${error.message}`, { cause: error }));
        else resolve();
      });
    });
}
