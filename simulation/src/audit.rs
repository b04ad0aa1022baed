//! The auditor: reads every record as it is committed and checks it against the rules of the trade, from the events
//! alone. It shares no code with the engine: nothing here knows a transition table.

use std::collections::BTreeMap;

use daegeum_engine::amounts::{Amounts, Component};
use daegeum_engine::event::{OrderEvent, PaymentEvent, Provider, RefundWay, Source};
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::{OperationId, OrderId, PaymentId};
use daegeum_engine::operation::OperationKind;
use daegeum_engine::store::record::{GroupRecord, Record};

/// The auditor's state after the records so far.
#[derive(Debug, Default)]
pub struct Audit {
    records: Vec<Record>,
    /// Records that a caller may have been told about.
    promised: usize,
    groups: BTreeMap<OrderId, GroupBooks>,
    payments: BTreeMap<PaymentId, PaymentBooks>,
    feed: u64,
    /// How often each kind of event happened.
    happened: BTreeMap<&'static str, u64>,
    /// Payments through Toss that failed, since the last query.
    failed: Vec<PaymentId>,
}

/// The money of one payment.
#[derive(Debug, Default, Clone, Copy)]
pub struct Won {
    /// The won that ever came in, wherever they went.
    pub came: u64,
    /// The won that the gateway has, as far as we know.
    pub there: u64,
    /// The tax-free part of those, if it was told.
    pub tax_free: Option<u64>,
    /// How many refunds the gateway said it made because we asked.
    pub refunds: u64,
}

/// Won on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    won: u64,
    /// The tax-free part of them, if it was told.
    tax_free: Option<u64>,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            won: 0,
            tax_free: Some(0),
        }
    }
}

impl Held {
    fn of(amounts: &Amounts) -> Self {
        let is_split = amounts.get(Component::Unsplit) == 0;
        Self {
            won: amounts.total().minor(),
            tax_free: is_split.then(|| amounts.get(Component::TaxFree)),
        }
    }

    fn less(self, gone: Self) -> Self {
        let both = self.tax_free.zip(gone.tax_free);
        Self {
            won: self.won.saturating_sub(gone.won),
            tax_free: both.map(|(own, gone)| own.saturating_sub(gone)),
        }
    }
}

#[derive(Debug, Default)]
struct GroupBooks {
    last_record: u64,
    claim: Option<PaymentId>,
    paid_by: Option<PaymentId>,
    payments: Vec<PaymentId>,
    canceling: bool,
}

#[derive(Debug, Default)]
struct PaymentBooks {
    asked: u64,
    captured: u64,
    set_aside: u64,
    came: u64,
    refunds: u64,
    /// The gateway receivable for it according to the records.
    at_gateway: Held,
    through_toss: bool,
    operations: Vec<(OperationId, OperationKind)>,
    in_flight: bool,
    /// Whether a person was the last to say that something was not done.
    refused_by_person: bool,
    /// The gateway's amount, if it differs from the records.
    disagreed: Option<Held>,
    notified: Vec<String>,
    inquiry_wanted: bool,
}

impl Audit {
    /// The number of the next expected record.
    pub fn next(&self) -> u64 {
        self.records.len() as u64 + 1
    }

    /// Events of the merchant's feed so far.
    pub const fn feed(&self) -> u64 {
        self.feed
    }

    /// The gateway receivables according to the records.
    pub fn receivable(&self) -> u64 {
        let won = self.payments.values();
        won.map(|payment| payment.at_gateway.won).sum()
    }

    /// The won held here of each payment through Toss.
    pub fn through_toss(&self) -> impl Iterator<Item = (String, u64)> {
        let through = self.payments.iter().filter(|(_, books)| books.through_toss);
        through.map(|(id, books)| (id.to_string(), books.there().won))
    }

    /// How often each kind of event happened.
    pub const fn happened(&self) -> &BTreeMap<&'static str, u64> {
        &self.happened
    }

    /// Payments through Toss that were called failed since this was last asked.
    pub fn take_failed(&mut self) -> Vec<PaymentId> {
        std::mem::take(&mut self.failed)
    }

    /// How many money calls of a kind were begun for a payment.
    pub fn operations(&self, payment: &str, kind: &str) -> usize {
        let books = PaymentId::parse(payment).ok();
        let books = books.and_then(|id| self.payments.get(&id));
        let begun = books.map_or(&[][..], |books| &books.operations);
        begun
            .iter()
            .filter(|(_, begun)| begun.name() == kind)
            .count()
    }

    /// The won of a payment.
    pub fn won(&self, payment: &str) -> Won {
        let books = PaymentId::parse(payment)
            .ok()
            .and_then(|id| self.payments.get(&id));
        books.map_or_else(Won::default, |books| Won {
            came: books.came,
            there: books.there().won,
            tax_free: books.there().tax_free,
            refunds: books.refunds,
        })
    }

    /// All records seen until now are durable: none of them may ever be missing.
    pub fn promise(&mut self) {
        self.promised = self.records.len();
    }

    /// Checks new records.
    pub fn look(&mut self, records: Vec<Record>) -> Result<(), String> {
        for record in records {
            self.record(&record)?;
            self.records.push(record);
        }
        Ok(())
    }

    /// After a crash: every promised record must be unchanged; written records that were not promised may follow.
    pub fn after_crash(&mut self, found: Vec<Record>) -> Result<(), String> {
        if found.len() < self.promised {
            let promised = self.promised;
            return Err(format!(
                "{} records are left of {promised} that were acknowledged",
                found.len()
            ));
        }
        let known = self.records.len().min(found.len());
        if let Some(at) = (0..known).find(|at| self.records[*at] != found[*at]) {
            return Err(format!(
                "record {} is another than it was before the crash",
                at + 1
            ));
        }
        let before = std::mem::take(self);
        self.look(found)?;
        self.promised = self.records.len().max(before.promised);
        Ok(())
    }

    fn record(&mut self, record: &Record) -> Result<(), String> {
        let number = self.next();
        if let Some(last) = self.records.last()
            && record.at < last.at
        {
            return Err(format!("record {number} is older than the one before"));
        }
        if record.shard != record.stream.shard() {
            return Err(format!(
                "record {number} names another shard than its stream's"
            ));
        }
        if let Some((order, group)) = record.group() {
            self.group(number, order, group)
                .map_err(|what| format!("record {number} of {order}: {what}"))?;
        }
        Ok(())
    }

    fn group(&mut self, number: u64, order: &OrderId, record: &GroupRecord) -> Result<(), String> {
        let books = self.groups.entry(order.clone()).or_default();
        if record.previous != books.last_record {
            let last = books.last_record;
            return Err(format!(
                "follows {} and should follow {last}",
                record.previous
            ));
        }
        books.last_record = number;
        let was_canceling = books.canceling;
        for event in &record.events {
            self.feed += u64::from(event.concerns_merchant());
            *self.happened.entry(name(event)).or_default() += 1;
            match event {
                GroupEvent::Order(event) => books.order(event)?,
                GroupEvent::Payment(id, event) => {
                    if !books.payments.contains(id) {
                        books.payments.push(*id);
                    }
                    let payment = self.payments.entry(*id).or_default();
                    payment.event(event)?;
                    let failed = matches!(event, PaymentEvent::PaymentFailed(_));
                    // A person can be wrong; a later answer of the gateway has to correct it.
                    if payment.through_toss && failed && !payment.refused_by_person {
                        self.failed.push(*id);
                    }
                    books.about(*id, event)?;
                }
            }
        }
        for event in &record.events {
            let GroupEvent::Payment(id, event) = event else {
                // A request for it may be recorded at once; doing it has to wait for the gateway's answer.
                if matches!(event, GroupEvent::Order(OrderEvent::OrderCanceled(_)))
                    && books.payments.iter().any(|id| {
                        self.payments
                            .get(id)
                            .is_some_and(PaymentBooks::is_being_taken)
                    })
                {
                    return Err("canceled while its payment is being taken".to_owned());
                }
                continue;
            };
            let Some(payment) = self.payments.get(id).filter(|books| books.through_toss) else {
                continue;
            };
            let came_late = matches!(event, PaymentEvent::PaymentOrphaned(_));
            let is_there = payment.there().won > 0;
            if was_canceling && came_late && is_there && !payment.in_flight {
                return Err("money came after its order's cancellation was asked for, and nobody sends it back".to_owned());
            }
        }
        Ok(())
    }
}

/// An event's name in the API.
const fn name(event: &GroupEvent) -> &'static str {
    match event {
        GroupEvent::Order(event) => event.kind().name(),
        GroupEvent::Payment(_, event) => event.kind().name(),
    }
}

impl GroupBooks {
    fn order(&mut self, event: &OrderEvent) -> Result<(), String> {
        match event {
            OrderEvent::ClaimTaken(taken) => {
                if self.claim.is_some_and(|holder| holder != taken.payment) {
                    return Err("two payments hold the claim".to_owned());
                }
                self.claim = Some(taken.payment);
            }
            OrderEvent::ClaimReleased(_) => self.claim = None,
            OrderEvent::OrderCancelRequested(_) => self.canceling = true,
            OrderEvent::OrderCanceled(_) => self.canceling = false,
            OrderEvent::OrderPaid(paid) => {
                if let Some(other) = self.paid_by {
                    return Err(format!("paid by {} and by {other}", paid.payment));
                }
                if self.claim != Some(paid.payment) {
                    return Err("paid by a payment that does not hold the claim".to_owned());
                }
                self.paid_by = Some(paid.payment);
            }
            _ => {}
        }
        Ok(())
    }

    /// Only the claim's holder may make a money call.
    fn about(&self, payment: PaymentId, event: &PaymentEvent) -> Result<(), String> {
        match event {
            PaymentEvent::OperationIntended(intended)
                if intended.kind == OperationKind::Confirm && self.claim != Some(payment) =>
            {
                Err(format!(
                    "{payment} is sent to the gateway without the claim"
                ))
            }
            _ => Ok(()),
        }
    }
}

impl PaymentBooks {
    /// Whether a call that captures its money is unanswered.
    fn is_being_taken(&self) -> bool {
        let last = self.operations.last().map(|(_, kind)| *kind);
        self.in_flight && matches!(last, Some(OperationKind::Confirm | OperationKind::Capture))
    }

    fn event(&mut self, event: &PaymentEvent) -> Result<(), String> {
        match event {
            PaymentEvent::PaymentInitiated(begun) => {
                self.asked = begun.amounts.total().minor();
                self.through_toss = begun.provider == Provider::Toss;
            }
            PaymentEvent::PaymentCaptured(taken) => {
                self.captured += taken.captured.total().minor();
                self.comes(&taken.captured);
            }
            PaymentEvent::PaymentOrphaned(aside) => self.set_aside(&aside.received),
            PaymentEvent::PaymentMismatched(aside) => self.set_aside(&aside.received),
            PaymentEvent::SuspendedMoneyTaken(taken) => {
                self.leave(taken.suspended.total().minor())?;
                self.captured += taken.captured.total().minor();
                self.stands_at(Held::of(&taken.captured));
            }
            PaymentEvent::SuspendedMoneyReturned(back) => {
                self.leave(back.suspended.total().minor())?;
                self.goes_back(back.way, &back.at_gateway);
            }
            PaymentEvent::PaymentRefunded(back) => {
                self.refunds += u64::from(back.requested && back.source != Source::Person);
                self.refund(back.refunded.total().minor())?;
                self.goes_back(back.way, &back.at_gateway);
            }
            PaymentEvent::OperationIntended(intended) => {
                let begun = (intended.operation, intended.kind);
                if self.operations.contains(&begun) {
                    return Err("an operation is begun twice".to_owned());
                }
                if self.in_flight {
                    return Err("a second call is begun while the first has no answer".to_owned());
                }
                self.operations.push(begun);
                self.in_flight = true;
            }
            PaymentEvent::GatewayDisagreed(other) => {
                self.disagreed = Some(Held::of(&other.holds));
            }
            PaymentEvent::GatewayAgreed(_) => {
                if self.disagreed.is_none() {
                    return Err("the gateway agrees again and had not disagreed".to_owned());
                }
                self.disagreed = None;
            }
            PaymentEvent::DisagreementAccepted(accepted) => {
                let (ours, theirs) = (Held::of(&accepted.ours), Held::of(&accepted.theirs));
                if (self.at_gateway, self.disagreed) != (ours, Some(theirs)) {
                    return Err(format!(
                        "{ours:?} gives way to {theirs:?}, and {:?} is ours and {:?} theirs",
                        self.at_gateway, self.disagreed
                    ));
                }
                self.stands_at(theirs);
            }
            PaymentEvent::InquiryWanted(_) => self.mark(true)?,
            PaymentEvent::InquirySettled(_) => self.mark(false)?,
            PaymentEvent::ProviderConfirmed(_) => self.in_flight = false,
            PaymentEvent::ProviderRefused(refused) => {
                self.in_flight = false;
                self.refused_by_person = refused.source == Source::Person;
            }
            PaymentEvent::WebhookReceived(heard) => {
                let id = heard.event_id.to_string();
                if self.notified.contains(&id) {
                    return Err(format!("the notification {id} is applied twice"));
                }
                self.notified.push(id);
            }
            _ => {}
        }
        if self.captured > self.asked {
            return Err(format!("{} taken of {}", self.captured, self.asked));
        }
        Ok(())
    }

    /// The gateway's amount of its money, as far as we know.
    fn there(&self) -> Held {
        self.disagreed.unwrap_or(self.at_gateway)
    }

    /// The mark to ask about it is set at most once until the gateway was asked.
    fn mark(&mut self, wanted: bool) -> Result<(), String> {
        if std::mem::replace(&mut self.inquiry_wanted, wanted) == wanted {
            return Err(format!("a mark to ask is {wanted} that was so already"));
        }
        Ok(())
    }

    fn comes(&mut self, amounts: &Amounts) {
        self.came += amounts.total().minor();
        self.stands_at(Held::of(amounts));
    }

    fn stands_at(&mut self, held: Held) {
        self.at_gateway = held;
        self.disagreed = None;
    }

    /// Money refunded from the shop's own account is still at the gateway.
    fn goes_back(&mut self, way: RefundWay, from_gateway: &Amounts) {
        let gone = Held::of(from_gateway);
        match way {
            RefundWay::Gateway => self.stands_at(self.at_gateway.less(gone)),
            RefundWay::BankTransfer => {}
        }
    }

    fn refund(&mut self, minor: u64) -> Result<(), String> {
        self.captured = self
            .captured
            .checked_sub(minor)
            .ok_or("more goes back than was taken")?;
        Ok(())
    }

    fn set_aside(&mut self, received: &Amounts) {
        self.set_aside += received.total().minor();
        self.comes(received);
    }

    fn leave(&mut self, minor: u64) -> Result<(), String> {
        self.set_aside = self
            .set_aside
            .checked_sub(minor)
            .ok_or("more leaves the suspense account than came")?;
        Ok(())
    }
}
