//! Toss Payments, simulated: the API, the browser's script and the payment window, notifications, and configurable
//! faults. Written from Toss's published contract alone and sharing no type with our client, so that it can prove
//! that client wrong.
//!
//! The core has no clock, no socket, no task and no randomness of its own: time is an argument, and random choices
//! come from a seeded generator whose position is part of the state. The same settings and the same calls give the
//! same answers. The core only describes the fate of an answer on the wire ([`Transport`]); `listener.rs` applies it
//! to a socket, a simulation to its own network.

mod address;
mod admin;
mod api;
mod bank;
mod books;
mod cancel;
mod card;
mod confirm;
mod dial;
mod faults;
mod held;
mod inquire;
mod ledger;
pub mod listener;
mod notify;
mod page;
mod payment;
mod refusal;
mod repeats;
mod reply;
mod show;
mod state;
mod transport;
mod when;
mod window;

use bytes::Bytes;
use http::Request;

pub use self::{
    books::{Books, BooksError, FileBooks, MemoryBooks, NoBooks},
    cancel::{CancelRequest, RefundReceiveAccount},
    dial::{CallFilter, Dial, Fault, Rule},
    notify::{Delivery, DeliveryId, Notification},
    refusal::Refusal,
    transport::{Ending, Exchange, HeldId, Transport},
    window::{Amount, OpenWindow},
};
use self::{
    refusal::Language,
    state::{LETTERS, State},
};

/// The fixed settings of a simulator.
#[derive(Clone)]
pub struct Settings {
    /// `test_ck_…`
    pub client_key: String,
    /// `test_sk_…`
    pub secret_key: String,
    /// The pair of the payment widget, `test_gck_…` and `test_gsk_…`, if the shop has one.
    pub widget_keys: Option<(String, String)>,
    /// The shop's id at Toss.
    pub merchant_id: String,
    /// Another shop at the same Toss, if there is one; neither knows of the other's payments.
    pub other_shop: Option<OtherShop>,
    /// The shop's name in the payment window.
    pub shop_name: String,
    /// The simulator's address, for the links in a payment; without a slash at the end.
    pub base_url: String,
    /// Whether virtual accounts are also told of by `DEPOSIT_CALLBACK`.
    pub deposit_callback: bool,
    /// The seed of keys, numbers and probabilities.
    pub seed: u64,
}

/// Another shop, which has a contract and keys of its own.
#[derive(Clone)]
pub struct OtherShop {
    /// `test_ck_…`
    pub client_key: String,
    /// `test_sk_…`
    pub secret_key: String,
    /// Its id at Toss.
    pub merchant_id: String,
}

impl Settings {
    fn has_live_key(&self) -> bool {
        let widget = self.widget_keys.iter();
        let widget = widget.flat_map(|(client, secret)| [client, secret]);
        let other = self.other_shop.iter();
        let other = other.flat_map(|shop| [&shop.client_key, &shop.secret_key]);
        widget
            .chain(other)
            .chain([&self.client_key, &self.secret_key])
            .any(|key| key.starts_with("live_"))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            client_key: "test_ck_simulated000000000000000".to_owned(),
            secret_key: "test_sk_simulated000000000000000".to_owned(),
            widget_keys: None,
            merchant_id: "simulated".to_owned(),
            other_shop: None,
            shop_name: "모의 상점".to_owned(),
            base_url: "http://127.0.0.1".to_owned(),
            deposit_callback: true,
            seed: 0,
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Settings")
            .field("merchant_id", &self.merchant_id)
            .field("base_url", &self.base_url)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// The number of API calls since the simulator was opened, whatever their outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// `confirm`
    pub confirm: u64,
    /// Both inquiries.
    pub inquire: u64,
    /// `cancel`
    pub cancel: u64,
}

impl Calls {
    fn count(&mut self, call: CallFilter) {
        let counter = match call {
            CallFilter::Confirm => &mut self.confirm,
            CallFilter::Cancel => &mut self.cancel,
            CallFilter::Inquire | CallFilter::Notify | CallFilter::Any => &mut self.inquire,
        };
        *counter = counter.saturating_add(1);
    }
}

/// The simulator: all of its state, and its books.
pub struct Toss {
    settings: Settings,
    state: State,
    books: Box<dyn Books>,
    calls: Calls,
    /// A line that the books did not accept: nothing is answered until they have it, because a restart would forget
    /// it.
    unwritten: Option<Vec<u8>>,
}

impl std::fmt::Debug for Toss {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Toss")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Toss {
    /// Opens a simulator at where its books left it.
    pub fn open(mut books: Box<dyn Books>, settings: Settings) -> Result<Self, BooksError> {
        if settings.has_live_key() {
            return Err(BooksError::LiveKey);
        }
        let state = State::read(settings.seed, &books.load()?)?;
        Ok(Self {
            settings,
            state,
            books,
            calls: Calls::default(),
            unwritten: None,
        })
    }

    /// One HTTP exchange, as Toss's own server sees it.
    pub fn exchange(&mut self, now_ms: i64, request: &Request<Bytes>) -> Exchange {
        let routed = self.turn(now_ms, |toss| Ok(toss.route(now_ms, request)));
        routed.unwrap_or_else(|refusal| {
            Exchange::whole(reply::json(refusal.status, refusal.json(Language::English)))
        })
    }

    /// The answer to a held request, once its time has come; `None` before, and after it was collected.
    pub fn resume(&mut self, now_ms: i64, id: HeldId) -> Option<Exchange> {
        let resumed = self.turn(now_ms, |toss| Ok(toss.collect(id)));
        resumed.ok().flatten()
    }

    /// Carries out everything due: windows and authentications expire, held requests take effect.
    pub fn tick(&mut self, now_ms: i64) {
        // A failure stays: the next exchange reports it.
        let _ = self.turn(now_ms, |_| Ok(()));
    }

    /// The time of the next event: a notification, an expiry, a held request.
    pub fn next_due_ms(&self) -> Option<i64> {
        let heard = self.state.desk().notification_url.is_some();
        [
            self.state
                .first_notice()
                .map(|(at_ms, _)| at_ms)
                .filter(|_| heard),
            self.state.first_expiry().map(|(at_ms, _)| *at_ms),
            self.first_held().map(|(at_ms, _)| at_ms),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Sets where notifications go; there is no address at first, and then none are made.
    pub fn set_notification_url(&mut self, url: Option<String>) {
        if self.state.desk().notification_url != url {
            self.state.desk_mut().notification_url = url;
            self.commit();
        }
    }

    /// Sets the faults from now on.
    pub fn set_dial(&mut self, dial: Dial) -> Result<(), &'static str> {
        if let Some(objection) = dial.objection() {
            return Err(objection);
        }
        *self.state.dial_mut() = dial;
        self.commit();
        Ok(())
    }

    /// The faults at present.
    pub fn dial(&self) -> &Dial {
        self.state.dial()
    }

    /// How many calls have arrived since the simulator was opened.
    pub fn calls(&self) -> Calls {
        self.calls
    }

    /// The books as `GET /sandbox/books` shows them.
    pub fn books(&self) -> serde_json::Value {
        self.ledger()
    }

    /// All of the state, for comparing two simulators.
    pub fn snapshot(&self) -> Vec<u8> {
        self.state.snapshot()
    }

    // What a buyer does in the window

    /// Opens one: its payment key.
    pub fn open_window(&mut self, now_ms: i64, open: &OpenWindow) -> Result<String, Refusal> {
        self.turn(now_ms, |toss| toss.opened(now_ms, open))
    }

    /// Approves, by another method if one is named; returns where the browser goes. `confirm` will be refused with
    /// `decline`, if given.
    pub fn approve(
        &mut self,
        now_ms: i64,
        key: &str,
        method: Option<&str>,
        decline: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        self.turn(now_ms, |toss| {
            toss.authenticated(now_ms, key, method, decline)
        })
    }

    /// Is declined, with a code; returns where the browser goes.
    pub fn decline(
        &mut self,
        now_ms: i64,
        key: &str,
        code: &str,
    ) -> Result<Option<String>, Refusal> {
        self.turn(now_ms, |toss| toss.left(key, code, Language::Korean))
    }

    /// Cancels; returns where the browser goes.
    pub fn leave(&mut self, now_ms: i64, key: &str) -> Result<Option<String>, Refusal> {
        self.decline(now_ms, key, "PAY_PROCESS_CANCELED")
    }

    /// Pays into the virtual account; after its due date only by force.
    pub fn deposit(&mut self, now_ms: i64, key: &str, force: bool) -> Result<(), Refusal> {
        self.turn(now_ms, |toss| toss.deposited(now_ms, key, force))
    }

    // What others do

    /// The bank takes a deposit back.
    pub fn take_deposit_back(&mut self, now_ms: i64, key: &str) -> Result<(), Refusal> {
        self.turn(now_ms, |toss| toss.deposit_taken_back(now_ms, key))
    }

    /// Ends the time of a window, or of a virtual account.
    pub fn expire_now(&mut self, now_ms: i64, key: &str) -> Result<(), Refusal> {
        self.turn(now_ms, |toss| toss.expired_now(now_ms, key))
    }

    /// The shop cancels in Toss's own dashboard, without its program.
    pub fn cancel_in_dashboard(
        &mut self,
        now_ms: i64,
        key: &str,
        request: CancelRequest,
    ) -> Result<(), Refusal> {
        self.turn(now_ms, |toss| {
            toss.canceled(now_ms, key, request).map(|_| ())
        })
    }

    /// Sends a notification, true or not; returns how many were queued.
    pub fn notify(&mut self, now_ms: i64, wanted: &Notification) -> Result<u32, Refusal> {
        self.turn(now_ms, |toss| toss.send(now_ms, wanted))
    }

    // How a turn goes

    /// First carries out what is due, then the request, then writes the books. An answer is given only when the books
    /// have it.
    fn turn<T>(
        &mut self,
        now_ms: i64,
        asked: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if !self.is_written() {
            return Err(Refusal::of("FAILED_DB_PROCESSING"));
        }
        self.let_happen(now_ms);
        let answer = asked(self);
        if self.commit() {
            answer
        } else {
            Err(Refusal::of("FAILED_DB_PROCESSING"))
        }
    }

    /// In the order of their times, each at its own.
    fn let_happen(&mut self, now_ms: i64) {
        loop {
            let expiry = self
                .state
                .first_expiry()
                .filter(|(at_ms, _)| *at_ms <= now_ms);
            let held = self.first_held().filter(|(at_ms, _)| *at_ms <= now_ms);
            match (expiry.cloned(), held) {
                (None, None) => return,
                (Some((at_ms, key)), held)
                    if held.is_none_or(|(first_ms, _)| at_ms <= first_ms) =>
                {
                    self.expire(at_ms, &key);
                }
                (_, Some((at_ms, id))) => self.release(at_ms, now_ms, id),
                (Some((at_ms, key)), None) => self.expire(at_ms, &key),
            }
        }
    }

    fn commit(&mut self) -> bool {
        if !self.books.keeps() {
            self.state.forget_changes();
        } else if let Some(line) = self.state.line() {
            self.unwritten = Some(line);
        }
        self.is_written()
    }

    /// Whether the books have everything. A line that they did not accept, perhaps for want of room, is offered
    /// again.
    /// offered again.
    fn is_written(&mut self) -> bool {
        if let Some(line) = self.unwritten.take()
            && self.books.append(&line).is_err()
        {
            self.unwritten = Some(line);
        }
        self.unwritten.is_none()
    }

    fn random_key(&mut self, length: usize) -> String {
        self.state.text(LETTERS, length)
    }

    fn effect(&mut self) {
        let desk = self.state.desk_mut();
        desk.effects = desk.effects.saturating_add(1);
    }
}
