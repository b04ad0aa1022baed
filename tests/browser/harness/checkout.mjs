// The checkout panel, on its page or in the shop's dialog, by the marks that it promises: data-checkout,
// data-status and data-connection, and the names of its fields.

import { PATIENCE_MS } from "./browser.mjs";

export class Checkout {
  constructor(page) {
    this.page = page;
    this.panel = page.locator("[data-checkout]");
  }

  /** Waits until it shows one of these states; says what it shows instead if it does not come. */
  async shows(...states) {
    const wanted = states.map((state) => `[data-checkout][data-status="${state}"]`).join(", ");
    try {
      await this.page.locator(wanted).waitFor({ state: "attached", timeout: PATIENCE_MS });
    } catch (error) {
      const now = await this.status().catch(() => "nothing");
      throw new Error(`the checkout shows ${now} instead of ${states.join(" or ")} at ${this.page.url()}`, {
        cause: error,
      });
    }
    return this.status();
  }

  status() {
    return this.panel.getAttribute("data-status", { timeout: 1_000 });
  }

  /** Waits until it says that it is offline. */
  async isOffline() {
    await this.page.locator('[data-checkout][data-connection="offline"]').waitFor({ state: "attached" });
  }

  /** Waits until it says that the server is busy. */
  async isBusy() {
    await this.page.locator('[data-checkout][data-connection="busy"] [data-connected=busy]').waitFor();
  }

  async isOnline() {
    const told = "[data-connection='offline'], [data-connection='busy']";
    await this.page.locator(`[data-checkout]:not(${told})`).waitFor({ state: "attached" });
  }

  /** Fills in what a buyer fills in. */
  async fill({ name = "김하나", method = "card" } = {}) {
    await this.shows("created", "prepared");
    const field = this.panel.locator("[name=buyer_name]");
    if (await field.isVisible()) await field.fill(name);
    await this.panel.locator(`[name=method][value=${method}]`).check();
    await this.agree();
  }

  /** Agrees to all that is asked, each apart. */
  async agree() {
    for (const box of await this.panel.locator("[data-consent] input:visible").all()) await box.check();
  }

  /** Fills it in and opens the gateway's window. */
  async pay(choice) {
    await this.fill(choice);
    await this.press();
  }

  async press() {
    await this.panel.locator("[data-pay]").click();
  }

  /** Presses the visible button that does this: again, reload, stop. */
  async do(what) {
    await this.panel.locator(`[data-do=${what}]:visible`).first().click();
  }

  /** Whether a notice of this kind is shown: closed, refused, popup, network, offline, busy. */
  async notices(kind) {
    await this.panel.locator(`[data-notice=${kind}]:visible`).waitFor();
  }

  /** That no notice of any kind is shown. */
  async noticesNothing() {
    await this.panel.locator("[data-notice]:visible").waitFor({ state: "detached" });
  }

  /** The states it has shown since this page was loaded; for pages of a visitor who was told to `remember`. */
  shown() {
    return this.page.evaluate(() => window.statesShown);
  }

  /** From the next load on, the page's states are written down. */
  async remember() {
    await this.page.addInitScript(() => {
      window.statesShown = [];
      const note = () => {
        const status = document.querySelector("[data-checkout]")?.dataset.status;
        if (status && window.statesShown.at(-1) !== status) window.statesShown.push(status);
      };
      new MutationObserver(note).observe(document, { subtree: true, childList: true, attributes: true });
    });
  }

  /** The session's token, which is in the fragment of the checkout's page. */
  token() {
    return decodeURIComponent(new URL(this.page.url()).hash.slice(1));
  }
}

/** The gateway's window: the simulator's page, in this tab or in a popup. */
export class GatewayWindow {
  constructor(page) {
    this.page = page;
  }

  /** The window that replaces the page which opened it. */
  static async inPlaceOf(page) {
    await page.waitForURL(/\/sandbox\/pay\//);
    return new GatewayWindow(page);
  }

  /** The popup that `opening` opens. */
  static async poppingUp(page, opening) {
    const [popup] = await Promise.all([page.waitForEvent("popup"), opening()]);
    await popup.waitForURL(/\/sandbox\/pay\//);
    return new GatewayWindow(popup);
  }

  approve() {
    return this.#press("approve");
  }

  /** Approved here; declined when the server asks for the money. */
  async approveToBeDeclined(code) {
    await this.page.locator("#code").selectOption(code);
    await this.#press("approve-then-decline");
  }

  /** Declined in the window. */
  async decline(code) {
    await this.page.locator("#code").selectOption(code);
    await this.#press("decline");
  }

  /** The buyer changes their mind. */
  cancel() {
    return this.#press("cancel");
  }

  /** The window's number at the gateway, which is in its address. */
  paymentKey() {
    return new URL(this.page.url()).pathname.split("/").at(-1);
  }

  // In a popup the window closes with the press, so nothing is waited for after it.
  async #press(action) {
    await this.page.locator(`button[name=action][value=${action}]`).click({ noWaitAfter: true });
  }
}
