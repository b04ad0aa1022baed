// The panel's state as people see it: one section at a time, its heading in focus and announced.

import { fill, meet } from "./fill.js";

export class Panel {
  #root;
  #states;
  #title;

  /** `titled`: the panel is what the page is about, so the page's title follows it. */
  constructor(root, { titled = false } = {}) {
    this.#root = root;
    this.#states = [...root.querySelectorAll("[data-state]")];
    this.#title = titled ? document.title : null;
  }

  get status() {
    return this.#root.dataset.status;
  }

  /** The section in which `status` is told. */
  section(status) {
    return this.#states.find((state) => state.dataset.state.split(" ").includes(status));
  }

  /** Shows `status`. `quiet` leaves focus and voice alone: at the page's begin nothing has changed yet. */
  show(status, { conditions = [], quiet = false } = {}) {
    const shown = this.section(status);
    meet(shown, conditions);
    this.notice(null);
    for (const state of this.#states) state.hidden = state !== shown;
    this.#root.dataset.status = status;
    const heading = [...shown.querySelectorAll("h2")].find((one) => !one.hidden);
    const says = heading.textContent.trim();
    if (this.#title !== null) document.title = `${says} · ${this.#title}`;
    if (quiet) return;
    heading.focus({ preventScroll: true });
    // What is new begins at the top, in a dialog too.
    this.#root.scrollIntoView({ block: "start" });
    this.announce(says);
  }

  /** Says one thing more in the state that is shown; whether that was news. */
  add(condition) {
    const shown = this.section(this.status);
    const [said] = shown.querySelectorAll(`[data-when="${condition}"]`);
    if (!said?.hidden) return false;
    meet(shown, [condition]);
    this.announce(said.textContent.trim());
    return true;
  }

  /**
   * Whether the server can be asked: online, offline (the browser has no network), unreachable or busy. One that has
   * this payment wait can be.
   */
  connection(told) {
    const isUnreachable = told === "offline" && navigator.onLine;
    const connection = told === "queued" ? "online" : isUnreachable ? "unreachable" : told;
    const was = this.#root.dataset.connection ?? "online";
    if (was === connection) return;
    this.#root.dataset.connection = connection;
    for (const told of this.#root.querySelectorAll("[data-connected]")) told.hidden = told.dataset.connected !== connection;
    this.announce(this.#words(connection));
  }

  /** The network is back: what was said of its absence holds no more. */
  reconnected() {
    this.connection("online");
    const notices = [...this.#root.querySelectorAll("[data-notice]:not([hidden])")];
    if (!notices.some(({ dataset }) => ["offline", "network"].includes(dataset.notice))) return;
    this.notice(null);
    this.announce(this.#words("online"));
  }

  /** Says above the state that is shown what became of the last try; the next state takes it away. */
  notice(name, message) {
    const notices = [...this.#root.querySelectorAll("[data-notice]")];
    for (const notice of notices) {
      notice.hidden = notice.dataset.notice !== name;
      fill(notice, { gateway_message: message ?? null });
    }
    const shown = notices.find((notice) => !notice.hidden);
    if (shown) this.announce(shown.querySelector("p").textContent);
  }

  announce(text) {
    this.#root.querySelector("[data-announce]").textContent = text;
  }

  /** Calls what `[data-do]` names, until `signal`. */
  onDo(actions, signal) {
    const pressed = (event) => {
      const button = event.target.closest("[data-do]");
      if (button) actions[button.dataset.do]?.();
    };
    this.#root.addEventListener("click", pressed, { signal });
  }

  #words(name) {
    return this.#root.querySelector(`[data-words="${name}"]`)?.textContent ?? "";
  }
}
