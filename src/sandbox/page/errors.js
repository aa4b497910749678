/**
 * Thrown by everything the sandbox's page does not implement. The message is the module and export that was called, so
 * that a missing feature shows as itself and never as a success.
 */
export class SandboxNotImplemented extends Error {
  /** @param {string} path `Module.export` as the libraries look it up */
  constructor(path) {
    super(`${path} is not implemented by the sandbox page`);
    this.name = "SandboxNotImplemented";
    this.path = path;
  }
}

/** A frame the server refused. `code` is HTTP-like or one of WhatsApp's own (463, 475). */
export class ServerError extends Error {
  /**
   * @param {number} code
   * @param {string} text
   */
  constructor(code, text) {
    super(`the server answered ${code}: ${text}`);
    this.name = "ServerError";
    this.code = code;
  }
}

/** How a refusal of the server shows to whoever calls one of the page's jobs: the libraries know it by its name. */
export class ServerStatusCodeError extends Error {
  /**
   * @param {number} code
   * @param {string} [text]
   */
  constructor(code, text = "") {
    super(`the server answered ${code}: ${text}`);
    this.name = "ServerStatusCodeError";
    this.status = code;
    this.statusCode = code;
  }
}

/** The socket closed before the answer came; what was asked may or may not have happened. */
export class ConnectionLost extends Error {
  constructor() {
    super("the connection closed before the server answered");
    this.name = "ConnectionLost";
  }
}

/** No answer came in time, though the connection lives. */
export class AnswerTimeout extends Error {
  constructor() {
    super("the server didn't answer in time");
    this.name = "AnswerTimeout";
  }
}
