/** Another process has this data directory open. Two writers would corrupt the log. */
export class DataDirectoryInUse extends Error {
  readonly code = "data_directory_in_use";

  constructor(directory: string, processId: number | null) {
    super(
      `DATA_DIR ${directory} is in use by another gateway (${processId === null ? "unknown process" : `process ${processId}`})`,
    );
    this.name = "DataDirectoryInUse";
  }
}

/** The data directory cannot be used. The message is one line: what is wrong, and what to do. */
export class DataDirectoryUnusable extends Error {
  readonly code = "data_directory_unusable";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DataDirectoryUnusable";
  }
}
