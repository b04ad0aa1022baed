// The checkout: takes a panel that the server rendered, and a session's token, through to an end. What is
// permitted and what a return means is the package's to say; here it is shown.

import { Checkout, parseReturn, pay, ready, resume } from "@daegeum/checkout";

import { asIfReturned, receiptUrl, returnUrl } from "./addresses.js";
import { closeWindows, watchWindows } from "./beside.js";
import { consequence } from "./consequence.js";
import { forget } from "./draft.js";
import { fill } from "./fill.js";
import { Form } from "./form.js";
import { Leaving, wayBack } from "./leaving.js";
import { showPaidWith } from "./paid-with.js";
import { Panel } from "./panel.js";
import { Receipt } from "./receipt.js";
import { conditions, isOpen, isWatched, shownStatus, standing, values } from "./standing.js";
import { hideSummary, showSummary } from "./summary.js";

/** What the gateway does outside of this page is noticed by asking again this often. */
const WATCHED_EVERY_MS = 15_000;

/** A server that is busy, or cannot be reached, is left alone for as long. */
const BUSY_MS = 5_000;

/** A gateway's script that does not notice within this that its window was closed never will. */
const CLOSING_NOTICED_WITHIN_MS = 3_000;

/**
 * Begins or goes on with a checkout in `root` (`[data-checkout]`).
 * Without a token it is the one in the address. `page`: the panel is the page, so it keeps the address and the
 * title. `mode`: how the gateway's window opens. `onChange(session)` is told of each state.
 * Returns it: `leave()` asks whether it may be left now, `end()` ends it.
 */
export function mount(root, options = {}) {
  const running = new Running(root, options);
  running.begin();
  return running;
}

class Running {
  #root;
  #options;
  #panel;
  #form;
  #receipt;
  #leaving;
  #checkout = null;
  #session = null;
  #mode;
  #isBeside = false;
  #approval = null;
  #work = new AbortController();
  #life = new AbortController();
  #timer = null;

  constructor(root, options) {
    this.#root = root;
    this.#options = options;
    this.#mode = options.mode ?? "redirect";
    this.#panel = new Panel(root, { titled: Boolean(options.page) });
    this.#receipt = new Receipt(this.#panel.section("paid"));
    this.#leaving = options.page ? new Leaving(root) : null;
    const { signal } = this.#life;
    this.#form = new Form(root, (choice) => this.#pay(choice), signal);
    const actions = {
      again: () => this.#again(),
      reload: () => this.begin(),
      stop: () => this.#stop(),
      change_buyer: () => this.#form.askBuyer(),
      print: () => window.print(),
      stay: () => this.#leaving?.stay(),
    };
    this.#panel.onDo(actions, signal);
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    window.addEventListener("online", () => this.#reconnected(), { signal });
    // Back from the gateway's page into a page that was kept: what it shows is from before.
    window.addEventListener("pageshow", (event) => event.persisted && this.begin(), { signal });
    window.addEventListener("beforeunload", (event) => this.#isUntaken && event.preventDefault(), { signal });
    // A window beside would be approved for nobody.
    window.addEventListener("pagehide", () => this.#isBeside && this.#panel.status === "opening" && closeWindows(), { signal });
    if (options.page) window.addEventListener("hashchange", () => this.begin(), { signal });
  }

  /** Loads the session, and takes up what is under way. */
  async begin() {
    const signal = this.#renew();
    const first = this.#session === null;
    if (first) hideSummary(this.#root);
    this.#panel.show("loading", { quiet: true });
    try {
      await ready();
    } catch (error) {
      console.error(error);
      if (!signal.aborted) this.#panel.show("unloaded");
      return;
    }
    try {
      const checkout = await this.#open();
      if (signal.aborted) return;
      if (!checkout) return this.#panel.show("invalid_link");
      this.#take(checkout);
      const back = parseReturn(this.#address());
      // A return stays in the address until it is decided: a reload before that has to find it again.
      if (back.kind === "nothing") this.#keepAddress();
      if (back.kind === "approved") this.#confirming();
      await this.#goOn(back, { signal, quiet: first && back.kind === "nothing" });
    } catch (error) {
      await this.#fail(error, signal);
    }
  }

  /**
   * Whether it may be left: a window of the gateway is closed first; that one cannot be closed is said once, and so is
   * that an approval would be lost.
   */
  leave() {
    if (this.#isUntaken) return !this.#panel.add("untaken");
    const waits = this.#panel.status === "opening" && this.#isBeside;
    return !waits || closeWindows() || !this.#panel.add("still_open");
  }

  /** Stops asking and listening. */
  end() {
    this.#work.abort();
    this.#life.abort();
    clearTimeout(this.#timer);
    this.#leaving?.stay();
  }

  /** The window beside has approved, and only this page knows. */
  get #isUntaken() {
    return this.#approval !== null && this.#session?.next !== "wait";
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
    this.#leaving?.stay();
    return this.#work.signal;
  }

  /** From now on it is about this one. */
  #take(checkout) {
    if (this.#checkout?.session_id !== checkout.session_id) this.#session = null;
    this.#checkout = checkout;
  }

  /** The address says what it is about, for a reload and for another browser. */
  #keepAddress() {
    if (!this.#options.page) return;
    const address = this.#checkout.linkTo(location.href);
    if (address !== location.href) history.replaceState(history.state, "", address);
  }

  /** Where the buyer is, with what they have brought back: the page's address, or as if it were one. */
  #address() {
    return this.#options.page ? location.href : asIfReturned(this.#approval);
  }

  /** As the return says, or as the session stands. */
  async #goOn(back, { signal, quiet = false }) {
    const url = this.#address();
    const onChange = (...told) => this.#told(...told);
    try {
      const session = await resume(this.#checkout, { url, onChange, signal });
      if (!signal.aborted) this.#tell(session, { quiet });
    } catch (error) {
      // Anybody can write an address: these are the gateway's words only if they are about this payment.
      await this.#fail(error, signal, this.#isAbout(back) ? back.message : null);
    }
  }

  /** Whether a return names the payment that the session was last heard to be about. */
  #isAbout(back) {
    return this.#session !== null && back.order_id === this.#session.payment_id;
  }

  async #pay(choice) {
    const signal = this.#renew();
    const mode = typeof this.#mode === "function" ? this.#mode() : this.#mode;
    this.#isBeside = mode === "popup";
    if (this.#isBeside) watchWindows();
    this.#panel.show("opening");
    try {
      const session = await pay(this.#checkout, {
        ...choice,
        mode,
        returnUrl: returnUrl(),
        onChange: (...told) => this.#told(...told),
        onAgain: (next) => this.#goOver(next),
        onApproved: (approved) => this.#approved(approved),
        signal,
      });
      if (!signal.aborted) this.#tell(session);
    } catch (error) {
      await this.#fail(error, signal, error.message);
    }
  }

  /** The window beside has said so: kept until it is decided, as an address would keep it. */
  #approved(approval) {
    this.#approval = approval;
    this.#confirming();
  }

  /** From here on the window is closed, and the payment is the server's. */
  #confirming() {
    clearTimeout(this.#timer);
    this.#panel.show("pending");
  }

  /** Another payment of the order is being made; the package waits for how that ends. */
  async #queued(signal) {
    try {
      const session = await this.#checkout.load({ signal });
      if (signal.aborted || this.#panel.status !== "pending" || !isOpen(session)) return;
      showSummary(this.#root, session);
      fill(this.#panel.section("under_way"), values(session));
      this.#panel.show("under_way");
    } catch {
      // The package asks too, and says whether it can.
    }
  }

  /** The buyer does not want to wait for the window any more. It is listened to for as long as it is open. */
  #stop() {
    if (!this.#isBeside) return this.begin();
    if (!closeWindows()) return this.#panel.add("still_open");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.begin(), CLOSING_NOTICED_WITHIN_MS);
  }

  /** Another payment of the same order. */
  async #again() {
    const signal = this.#renew();
    this.#panel.show("loading");
    try {
      const next = await this.#checkout.again(undefined, { signal });
      this.#goOver(next);
      const session = await next.load({ signal });
      if (!signal.aborted) this.#tell(session);
    } catch (error) {
      await this.#fail(error, signal);
    }
  }

  #goOver(next) {
    this.#checkout = next;
    this.#keepAddress();
  }

  /** While it is being asked for: the form and the end are answers, and come with the answer. */
  #told(session, connection) {
    this.#panel.connection(connection);
    if (connection === "queued") return this.#queued(this.#work.signal);
    if (!session) return;
    const isNews = shownStatus(session) !== this.#panel.status || this.#session?.next !== "wait";
    if (session.next === "wait" && isNews) return this.#tell(session, { quiet: session.status === this.#panel.status });
    this.#session = session;
    showSummary(this.#root, session);
  }

  #tell(session, { notice = null, message = null, quiet = false } = {}) {
    clearTimeout(this.#timer);
    this.#session = session;
    if (session.next !== "wait") this.#approval = null;
    this.#panel.connection("online");
    const status = shownStatus(session);
    const hasForm = isOpen(session);
    showSummary(this.#root, session);
    fill(this.#panel.section(status), values(session));
    if (hasForm) this.#form.offer(session);
    this.#panel.show(status, { conditions: conditions(session), quiet });
    // "Nothing was charged" is said where it still holds.
    if (hasForm && notice) this.#panel.notice(notice, message);
    if (session.next === "nothing") forget();
    if (status === "paid") showPaidWith(this.#panel.section(status), session.payment);
    if (status === "paid") this.#receipt.show(this.#checkout, session, this.#work.signal);
    if (isWatched(session)) this.#timer = setTimeout(() => this.#look(), WATCHED_EVERY_MS);
    this.#linkReceipt(session);
    this.#showWayBack(session, status, quiet);
    this.#options.onChange?.(session, status);
  }

  /** Where money was taken there is a receipt to look at, to print and to save. */
  #linkReceipt(session) {
    for (const link of this.#root.querySelectorAll("[data-receipt-link]")) {
      link.hidden = !session.receipt;
      if (session.receipt) link.href = this.#checkout.linkTo(receiptUrl());
    }
  }

  /** A page of its own leads back to the shop; who has just paid is taken there. */
  #showWayBack(session, status, quiet) {
    if (!this.#leaving) return;
    const address = wayBack(session, status);
    this.#leaving.point(address);
    const isOver = session.next === "nothing" || !session.payable;
    this.#root.querySelector("[data-nowhere]").hidden = this.#leaving.isOpen || !isOver;
    if (!quiet && address && ["paid", "authorized"].includes(status)) this.#leaving.begin(address);
  }

  /** Another tab, or the gateway by itself, may have moved it since it was last seen. */
  async #look() {
    const seen = this.#session;
    const isShown = seen && seen.next !== "wait" && this.#panel.status === shownStatus(seen);
    if (document.visibilityState !== "visible" || !isShown) return;
    const { signal } = this.#work;
    try {
      const session = await this.#checkout.load({ signal });
      if (signal.aborted) return;
      if (standing(session) !== standing(seen)) await this.#found(session, signal);
      else if (isWatched(session)) this.#timer = setTimeout(() => this.#look(), WATCHED_EVERY_MS);
    } catch {
      // Nobody asked for this look; the next one, or the buyer's next step, will say what is wrong.
    }
  }

  /** Shows a session that was asked for by the way; one that waits is waited for. */
  async #found(session, signal, said = {}) {
    this.#tell(session, said);
    if (session.next === "wait") await this.#goOn({ kind: "nothing" }, { signal });
  }

  #reconnected() {
    this.#panel.reconnected();
    if (["network", "unloaded"].includes(this.#panel.status)) this.begin();
  }

  /** What is shown instead of what was wanted. `message`: the gateway's words, where it said some. */
  async #fail(error, signal, message = null) {
    if (signal.aborted || error.code === "aborted") return;
    const { state, notice, field, looks, conditions: held = [] } = consequence(error, { isOnline: navigator.onLine });
    const hasForm = this.#session !== null && isOpen(this.#session);
    if (field && hasForm) {
      this.#tell(this.#session);
      return this.#form.refuse(field);
    }
    // The next press goes there in this tab, which nothing blocks.
    if (notice === "popup") this.#mode = "redirect";
    if (notice && !state) return this.#returned({ notice, message });
    // Before the window nothing was begun, and there is a form to go back to.
    if (notice && hasForm && this.#panel.status === "opening") return this.#tell(this.#session, { notice });
    if (looks && (await this.#standsOtherwise(state, signal))) return;
    if (signal.aborted) return;
    if (state === "mismatched") this.#approval = null;
    const known = this.#session ? values(this.#session) : {};
    fill(this.#panel.section(state), { ...known, request_id: error.request_id ?? null });
    this.#panel.show(state, { conditions: held });
    // A browser that is offline says when it is back; a server does not.
    if (held.includes("busy") || held.includes("unreachable")) this.#timer = setTimeout(() => this.begin(), BUSY_MS);
    // Not swallowed: whoever looks into it finds it in the console.
    if (state === "error") console.error(error);
  }

  /** Back in the form: the window did not do it, and the order is as it was. */
  async #returned(said) {
    const signal = this.#renew();
    try {
      await this.#found(await this.#checkout.load({ signal }), signal, said);
    } catch (failed) {
      await this.#fail(failed, signal);
    }
  }

  /** Whether the session says by now why something was refused; then it is shown. */
  async #standsOtherwise(state, signal) {
    const before = this.#session && standing(this.#session);
    let session;
    try {
      session = await this.#checkout.load({ signal });
    } catch {
      // The refusal itself is shown then.
      return false;
    }
    if (signal.aborted) return true;
    const saysWhy = state === "error" ? standing(session) !== before : !isOpen(session);
    if (saysWhy) await this.#found(session, signal);
    else this.#session = session;
    return saysWhy;
  }
}
