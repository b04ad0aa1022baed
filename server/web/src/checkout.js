// The checkout: takes a panel that the server rendered, and a session's token, through to an end. What is
// permitted and what a return means is the package's to say; here it is shown.

import { Checkout, parseReturn, ready, resume } from "@daegeum/checkout";

import { fill } from "./fill.js";
import { Form } from "./form.js";
import { Panel } from "./panel.js";
import { Receipt } from "./receipt.js";
import { conditions, shownStatus, values } from "./standing.js";
import { hideSummary, showSummary } from "./summary.js";

/** What the gateway does outside of this page is noticed by asking again this often. */
const DEPOSIT_ASKED_EVERY_MS = 15_000;

/**
 * Begins or goes on with a checkout in `root` (`[data-checkout]`).
 * Without a token it is the one in the address. `page`: the panel is the page, so it keeps the address and the
 * title. `mode`: how the gateway's window opens. `onChange(session)` is told of each state.
 * Returns a function that ends it.
 */
export function mount(root, options = {}) {
  const running = new Running(root, options);
  running.begin();
  return () => running.end();
}

class Running {
  #root;
  #options;
  #panel;
  #form;
  #receipt;
  #checkout = null;
  #session = null;
  #mode;
  #avoid = null;
  #buyerKnown = false;
  #work = new AbortController();
  #life = new AbortController();
  #timer = null;

  constructor(root, options) {
    this.#root = root;
    this.#options = options;
    this.#mode = options.mode ?? "redirect";
    this.#panel = new Panel(root, { titled: Boolean(options.page) });
    this.#receipt = new Receipt(this.#panel.section("paid"));
    const { signal } = this.#life;
    this.#form = new Form(root, (choice) => this.#pay(choice), signal);
    const actions = {
      again: () => this.#again(),
      reload: () => this.begin(),
      stop: () => this.begin(),
      change_buyer: () => this.#form.askBuyer(),
      save: () => this.#receipt.save(),
      print: () => window.print(),
    };
    this.#panel.onDo(actions, signal);
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    window.addEventListener("online", () => this.#reconnected(), { signal });
    // Back from the gateway's page into a page that was kept: what it shows is from before.
    window.addEventListener("pageshow", (event) => event.persisted && this.begin(), { signal });
    if (options.page) window.addEventListener("hashchange", () => this.begin(), { signal });
  }

  /** Loads the session, and takes up what is under way. */
  async begin() {
    const signal = this.#renew();
    const first = this.#session === null;
    this.#panel.notice(null);
    if (first) hideSummary(this.#root);
    this.#panel.show("loading", { quiet: true });
    try {
      await ready();
      const back = this.#options.page ? parseReturn(location.href) : { kind: "nothing" };
      const checkout = await this.#open();
      if (!checkout) return this.#panel.show("invalid_link");
      this.#use(checkout);
      if (back.kind === "approved") this.#panel.show("pending");
      const session = await resume(checkout, {
        url: this.#options.page ? location.href : new URL("/checkout", location.href).href,
        onChange: (...told) => this.#told(...told),
        signal,
      });
      const quiet = first && back.kind === "nothing";
      this.#tell(session, { quiet, notice: back.kind === "refused" ? back : null });
    } catch (error) {
      await this.#fail(error, signal);
    }
  }

  /** Stops asking and listening. */
  end() {
    this.#work.abort();
    this.#life.abort();
    clearTimeout(this.#timer);
  }

  async #open() {
    if (this.#checkout && !this.#options.page) return this.#checkout;
    if (this.#options.token) return Checkout.open({ token: this.#options.token });
    return Checkout.fromUrl();
  }

  /** Whatever was under way is given up for what begins now. */
  #renew() {
    this.#work.abort();
    this.#work = new AbortController();
    clearTimeout(this.#timer);
    return this.#work.signal;
  }

  /** From now on it is about this one; the address says so, for a reload and for another browser. */
  #use(checkout) {
    this.#checkout = checkout;
    if (!this.#options.page) return;
    const address = checkout.linkTo(location.href);
    if (address !== location.href) history.replaceState(history.state, "", address);
  }

  async #pay(choice) {
    const signal = this.#renew();
    this.#panel.notice(null);
    this.#panel.show("opening");
    try {
      const prepared = await this.#prepare(choice, signal);
      const mode = typeof this.#mode === "function" ? this.#mode() : this.#mode;
      const approved = await this.#checkout.openWindow(prepared, { mode, returnUrl: returnUrl(), signal });
      this.#panel.show("pending");
      await this.#checkout.verify(approved, { signal });
      await this.#checkout.confirm(approved, { signal });
      const onChange = (...told) => this.#told(...told);
      this.#tell(await this.#checkout.settle({ onChange, signal }));
    } catch (error) {
      await this.#fail(error, signal);
    }
  }

  /** What the window is opened with. A payment that was prepared otherwise is left for another of the order. */
  async #prepare(choice, signal) {
    try {
      const prepared = await this.#checkout.prepare(choice, { signal });
      this.#buyerKnown = true;
      return prepared;
    } catch (error) {
      if (error.api_code !== "SESSION_PREPARED") throw error;
    }
    const next = await this.#checkout.again(choice, { signal });
    this.#use(next);
    const prepared = await next.prepare(choice, { signal });
    this.#buyerKnown = true;
    return prepared;
  }

  /** Another payment of the same order. */
  async #again() {
    const signal = this.#renew();
    this.#avoid = this.#session?.payment.failure?.retry === "other_method" ? this.#session.method : null;
    if (this.#avoid) this.#form.forgetMethod();
    this.#panel.show("loading");
    try {
      const next = await this.#checkout.again(undefined, { signal });
      this.#use(next);
      this.#buyerKnown = true;
      this.#tell(await next.load({ signal }));
    } catch (error) {
      await this.#fail(error, signal);
    }
  }

  /** While it is being asked for: only what is new is said. */
  #told(session, connection) {
    this.#panel.connection(connection);
    if (session && shownStatus(session) !== this.#panel.status) this.#tell(session);
  }

  #tell(session, { notice = null, quiet = false } = {}) {
    this.#session = session;
    this.#panel.connection("online");
    showSummary(this.#root, session);
    const status = shownStatus(session);
    const section = this.#panel.section(status);
    fill(section, values(session));
    if (status === "created" || status === "prepared") this.#offer(session);
    this.#panel.show(status, { conditions: conditions(session), quiet });
    if (notice) this.#panel.notice(noticeOf(notice), notice.message);
    if (status === "paid") this.#receipt.show(this.#checkout, session, this.#work.signal);
    if (status === "awaiting_deposit") this.#timer = setTimeout(() => this.#look(), DEPOSIT_ASKED_EVERY_MS);
    this.#options.onChange?.(session, status);
  }

  #offer(session) {
    const buyerKnown = this.#buyerKnown || session.buyer_known === true;
    this.#form.offer(session, { buyerKnown, avoid: this.#avoid });
  }

  /** Another tab, or the gateway by itself, may have moved it since it was last seen. */
  async #look() {
    const seen = this.#panel.status;
    const waits = ["created", "prepared", "awaiting_deposit", "in_review", "authorized", "paid"];
    if (document.visibilityState !== "visible" || !this.#checkout || !waits.includes(seen)) return;
    const { signal } = this.#work;
    try {
      const session = await this.#checkout.load({ signal });
      const moved = shownStatus(session) !== seen || session.order?.status !== this.#session?.order?.status;
      if (!signal.aborted && moved) this.#tell(session);
      else if (seen === "awaiting_deposit") this.#timer = setTimeout(() => this.#look(), DEPOSIT_ASKED_EVERY_MS);
    } catch {
      // Nobody asked for this look; the next one, or the buyer's next step, will say what is wrong.
    }
  }

  #reconnected() {
    this.#panel.connection("online");
    if (this.#panel.status === "network") this.begin();
  }

  /** What is shown instead of what was wanted. */
  async #fail(error, signal) {
    if (signal.aborted || error.code === "aborted") return;
    switch (error.code) {
      case "window_closed":
      case "window_refused":
      case "popup_blocked":
        return this.#returned(error);
      case "mismatched":
      case "script_blocked":
      case "invalid_link":
        if (this.#session) fill(this.#panel.section(error.code), values(this.#session));
        return this.#panel.show(error.code);
      case "session_expired":
        // What became of the payment is not known here: only the link is over.
        return this.#panel.show("expired", { conditions: ["link"] });
      case "invalid_buyer":
        if (!this.#session) break;
        this.#tell(this.#session);
        return this.#form.refuse(error.field);
      case "network":
        return this.#unreachable(error);
      case "not_permitted":
      case "api":
        // A refusal because of the state: somebody else was quicker, and the state says it better.
        if (error.status === 409 && (await this.#moved(signal))) return;
        break;
      default:
    }
    const section = this.#panel.section("error");
    fill(section, { request_id: error.request_id ?? null });
    this.#panel.show("error");
    // Not swallowed: whoever looks into it finds it in the console.
    console.error(error);
  }

  /** Back in the form: the window did not do it, and the order is as it was. */
  async #returned(error) {
    // The next press goes there in this tab, which nothing blocks.
    if (error.code === "popup_blocked") this.#mode = "redirect";
    const signal = this.#renew();
    try {
      this.#tell(await this.#checkout.load({ signal }), { notice: error });
    } catch (failed) {
      await this.#fail(failed, signal);
    }
  }

  /** Nothing was begun if there is still a form to go back to. */
  #unreachable(error) {
    if (this.#session && ["created", "prepared"].includes(this.#session.status) && this.#panel.status === "opening") {
      return this.#tell(this.#session, { notice: error });
    }
    return this.#panel.show("network");
  }

  async #moved(signal) {
    const standing = (session) => `${shownStatus(session)} ${session.order?.status}`;
    const before = this.#session && standing(this.#session);
    try {
      const session = await this.#checkout.load({ signal });
      if (standing(session) === before) return false;
      this.#tell(session);
      return true;
    } catch {
      // The refusal itself is shown then.
      return false;
    }
  }
}

/** The notice in the form for what a window came to. */
function noticeOf(error) {
  if (error.code === "network") return "network";
  if (error.code === "popup_blocked") return "popup";
  const closed = error.by_buyer ?? error.code === "window_closed";
  return closed ? "closed" : "refused";
}

/** Where the gateway sends its buyer back to: the checkout page, in this language, whatever browser opens it. */
function returnUrl() {
  const address = new URL("/checkout", location.href);
  address.searchParams.set("lang", document.documentElement.lang);
  return address.href;
}
