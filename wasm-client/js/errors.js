// The one kind of error this package throws.

/** @typedef {import("./index.d.ts").CheckoutErrorCode} CheckoutErrorCode */

export class CheckoutError extends Error {
  /**
   * @param {CheckoutErrorCode} code
   * @param {string} message
   * @param {{ reason?: string | null, api_code?: string | null, status?: number | null,
   *   request_id?: string | null, field?: string | null, retry?: boolean, cause?: unknown }} [details]
   */
  constructor(code, message, { cause, ...details } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "CheckoutError";
    this.code = code;
    this.reason = details.reason ?? null;
    this.api_code = details.api_code ?? null;
    this.status = details.status ?? null;
    this.request_id = details.request_id ?? null;
    this.field = details.field ?? null;
    this.retry = details.retry ?? false;
  }
}
