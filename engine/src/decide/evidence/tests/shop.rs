//! An order with its payments, in memory: commands go through `decide`, and each posting is added up.

use std::collections::BTreeMap;

use super::facts::{PART, PRICE, won};
use crate::amounts::Amounts;
use crate::command::{
    Asker, Command, Fact, Hint, Learned, NewLine, NewOrder, NewRefund, News, Notification,
    RefundOf, Resolution,
};
use crate::decide::{self, Context, Policy, claims};
use crate::event::{PaymentEvent, Provider, ProviderPaymentId, Source};
use crate::group::{Group, GroupEvent, Refusal};
use crate::id::{BuyerId, Ids, OrderId, PaymentId};
use crate::ledger::{self, Account};
use crate::order::{AnyOrder, CaptureMode, Tax};
use crate::payment::AnyPayment;
use crate::sealed::{RetentionClass, Sealed, SealingKey, SealingKeyId};
use crate::stream::Stream;
use crate::time::Timestamp;

/// A gateway that authorizes, captures and refunds, each by a call.
pub(in crate::decide) const GATEWAY: Provider = Provider::Drill;
const BEGINNING: Timestamp = Timestamp::from_millis(1_790_000_000_000);

struct Counted(u128);

impl Ids for Counted {
    fn next(&mut self) -> u128 {
        self.0 = self.0.saturating_add(1 << 20);
        self.0
    }
}

pub(in crate::decide) struct Shop {
    group: Group,
    ids: Counted,
    pub(in crate::decide) now: Timestamp,
    events: Vec<GroupEvent>,
    /// Debits minus credits, by account, component and currency.
    balances: BTreeMap<(Account, String), i128>,
}

impl Shop {
    /// An order and its first payment, which the cells are about.
    pub(in crate::decide) fn new() -> Self {
        let mut shop = Self {
            group: Group::default(),
            ids: Counted(1 << 100),
            now: BEGINNING,
            events: Vec::new(),
            balances: BTreeMap::new(),
        };
        shop.does(Command::CreateOrder(order()));
        shop.begins_payment();
        shop
    }

    pub(in crate::decide) fn order(&self) -> &AnyOrder {
        self.group.order.as_ref().unwrap()
    }

    pub(in crate::decide) fn id(&self, n: usize) -> PaymentId {
        self.order().core().payments[n]
    }

    pub(in crate::decide) fn payment(&self) -> &AnyPayment {
        self.group.payment(self.id(0)).unwrap()
    }

    /// The events of the first payment, oldest first.
    pub(in crate::decide) fn events(&self) -> impl Iterator<Item = &PaymentEvent> {
        let first = self.id(0);
        self.events.iter().filter_map(move |event| match event {
            GroupEvent::Payment(id, event) if *id == first => Some(event),
            GroupEvent::Payment(..) | GroupEvent::Order(_) => None,
        })
    }

    pub(in crate::decide) fn order_takes(&self) -> bool {
        claims::order_takes(self.order(), self.id(0))
    }

    pub(in crate::decide) fn tries(
        &mut self,
        command: impl FnOnce(PaymentId) -> Command,
    ) -> Result<(), Refusal> {
        let command = command(self.id(0));
        self.decides(command)
    }

    fn does(&mut self, command: Command) {
        self.decides(command).unwrap();
    }

    /// Panics on a refusal.
    fn decides(&mut self, command: Command) -> Result<(), Refusal> {
        let policy = Policy::default();
        let mut context = Context {
            now: self.now,
            policy: &policy,
            ids: &mut self.ids,
        };
        let group = std::mem::take(&mut self.group);
        let decision = decide::decide(group, command, &mut context)?;
        self.group = decision.group;
        for event in &decision.events {
            self.posts(event);
        }
        self.events.extend(decision.events);
        Ok(())
    }

    fn posts(&mut self, event: &GroupEvent) {
        let stream = Stream::Order(order_id());
        for posting in ledger::postings(&stream, self.now, event, GATEWAY) {
            let part = format!("{} {}", posting.component.name(), posting.currency.code());
            let minor = i128::from(posting.minor);
            for (account, sign) in [(posting.from, 1), (posting.to, -1)] {
                let balance = self.balances.entry((account, part.clone())).or_default();
                *balance = balance.saturating_add(minor.saturating_mul(sign));
            }
        }
    }

    fn balance(&self, account: Account) -> BTreeMap<String, i128> {
        let own = self
            .balances
            .iter()
            .filter(|((of, _), minor)| *of == account && **minor != 0);
        own.map(|((_, part), minor)| (part.clone(), *minor))
            .collect()
    }

    /// The balance of an account, all components together.
    pub(in crate::decide) fn total(&self, account: Account) -> i128 {
        self.balance(account).values().sum()
    }

    /// Debits equal credits, and the gateway receivable equals what the gateway has, by component, over all payments.
    pub(in crate::decide) fn assert_books(&self) {
        assert_eq!(self.balances.values().sum::<i128>(), 0);
        let owed = self.balance(Account::GatewayReceivable(GATEWAY));
        assert_eq!(
            owed,
            self.sum(|payment| Some((payment.core().at_gateway, 1)))
        );
        let suspended = self.balance(Account::Suspense(GATEWAY));
        assert_eq!(suspended, self.sum(|payment| Some((aside(payment)?, -1))));
        let mut held = self.balance(Account::Hold);
        for (part, minor) in self.balance(Account::RefundPending(GATEWAY)) {
            let entry = held.entry(part).or_default();
            *entry = entry.saturating_add(minor);
        }
        assert_eq!(
            held,
            self.sum(|payment| Some((taken_for_order(payment)?, -1)))
        );
    }

    /// The sum of `of` over all payments, by component.
    fn sum(&self, of: fn(&AnyPayment) -> Option<(Amounts, i128)>) -> BTreeMap<String, i128> {
        let mut sum = BTreeMap::new();
        let all = self.group.payments.iter().filter_map(of);
        for (part, minor) in all.flat_map(|(amounts, sign)| parts(&amounts, sign)) {
            let entry: &mut i128 = sum.entry(part).or_default();
            *entry = entry.saturating_add(minor);
        }
        sum
    }

    pub(in crate::decide) fn begins_payment(&mut self) {
        self.does(Command::CreatePayment {
            asker: Asker::Merchant,
            order_id: order_id(),
            amount: won(PRICE),
            provider: Some(GATEWAY),
        });
    }

    pub(in crate::decide) fn prepares(&mut self) {
        self.does(Command::PreparePayment {
            asker: Asker::Merchant,
            payment_id: self.id(0),
            choice: None,
            consents: Vec::new(),
        });
    }

    pub(in crate::decide) fn confirms(&mut self, n: usize) {
        self.does(Command::ConfirmPayment {
            asker: Asker::Merchant,
            payment_id: self.id(n),
            name: name(n),
            amount: won(PRICE),
            brought: sealed(),
        });
    }

    pub(in crate::decide) fn captures(&mut self) {
        self.does(Command::CapturePayment {
            payment_id: self.id(0),
        });
    }

    pub(in crate::decide) fn cancels(&mut self) {
        self.tries(cancel).unwrap();
    }

    pub(in crate::decide) fn refunds(&mut self, of: RefundOf) {
        self.tries(refund(of)).unwrap();
    }

    /// Requests a refund of what [`super::facts::SampleFact::PartlyReturned`] tells.
    pub(in crate::decide) fn refunds_a_part(&mut self) {
        self.refunds(RefundOf::Amount(PART));
    }

    pub(in crate::decide) fn cancel_order(&mut self) {
        self.does(Command::CancelOrder {
            order_id: order_id(),
        });
    }

    pub(in crate::decide) fn runs_out(&mut self) {
        self.now = super::facts::LATER;
        self.does(Command::HoldDue {
            payment_id: self.id(0),
        });
        self.does(Command::OrderDue {
            order_id: order_id(),
        });
    }

    pub(in crate::decide) fn hold_runs_out(&mut self) {
        self.now = super::facts::LATER;
        self.does(Command::HoldDue {
            payment_id: self.id(0),
        });
    }

    pub(in crate::decide) fn resolves(&mut self, resolution: Resolution) {
        self.tries(resolve(resolution)).unwrap();
    }

    pub(in crate::decide) fn learns(&mut self, fact: Fact) {
        self.learns_of(0, fact);
    }

    /// Delivers the gateway's answer to the call in flight, or to an inquiry about the payment.
    pub(in crate::decide) fn learns_of(&mut self, n: usize, fact: Fact) {
        let payment = self.group.payment(self.id(n)).unwrap();
        let call = payment.core().call_in_flight();
        let operation = call.map(|call| call.core().id);
        let source = match operation {
            Some(_) => Source::Answer,
            None => Source::Inquiry,
        };
        self.does(Command::Learn(Box::new(Learned {
            operation,
            source,
            ..self.answer(n, fact)
        })));
    }

    /// Delivers the gateway's answer to an inquiry about the call in flight, or about the payment.
    pub(in crate::decide) fn asks_about_call(&mut self, fact: Fact) {
        let call = self.payment().core().call_in_flight();
        let operation = call.map(|call| call.core().id);
        self.asks(|learned| learned.operation = operation, fact);
    }

    /// Delivers the gateway's answer to the inquiry that followed the last hint.
    pub(in crate::decide) fn asks(&mut self, change: impl FnOnce(&mut Learned), fact: Fact) {
        let mut answer = Learned {
            asked_since_hint: true,
            ..self.answer(0, fact)
        };
        change(&mut answer);
        self.does(Command::Learn(Box::new(answer)));
    }

    fn answer(&self, n: usize, fact: Fact) -> Learned {
        Learned {
            payment_id: self.id(n),
            operation: None,
            name: Some(name(n)),
            news: News::Fact(fact),
            source: Source::Inquiry,
            paid_with: None,
            easy_pay: None,
            slip: None,
            exchange: None,
            asked_since_hint: false,
        }
    }

    /// Loses the answer to the call in flight.
    pub(in crate::decide) fn loses_answer(&mut self) {
        let call = self.payment().core().call_in_flight();
        let operation = call.map(|call| call.core().id);
        self.does(Command::Learn(Box::new(Learned {
            operation,
            name: None,
            news: News::None,
            source: Source::Answer,
            ..self.answer(0, Fact::Undecided)
        })));
    }

    /// Delivers an unsigned notification.
    pub(in crate::decide) fn is_hinted(&mut self) {
        self.does(Command::WantInquiry {
            payment_id: self.id(0),
            hint: Hint {
                hash: [7; 16],
                heard_at: self.now,
                from: sealed(),
            },
        });
    }

    pub(in crate::decide) fn hears(&mut self, fact: Fact) {
        self.does(Command::Notify(Notification {
            provider: GATEWAY,
            event_id: "evt-1".into(),
            event_type: "payment.test".into(),
            payment_id: self.id(0),
            provider_payment_id: Some(name(0)),
            fact,
            body: sealed(),
        }));
    }
}

pub(in crate::decide) fn cancel(payment_id: PaymentId) -> Command {
    let asker = Asker::Merchant;
    Command::CancelPayment { asker, payment_id }
}

pub(in crate::decide) fn refund(of: RefundOf) -> impl FnOnce(PaymentId) -> Command {
    move |payment_id| Command::RefundPayment {
        payment_id,
        refund: NewRefund {
            of,
            asked_by: "shop".into(),
            reason: None,
        },
    }
}

pub(in crate::decide) fn resolve(resolution: Resolution) -> impl FnOnce(PaymentId) -> Command {
    move |payment_id| Command::Resolve {
        payment_id,
        resolution,
        actor: "kim".into(),
        reason: sealed(),
    }
}

fn aside(payment: &AnyPayment) -> Option<Amounts> {
    match payment {
        AnyPayment::Mismatched(aside) => Some(aside.detail().received),
        AnyPayment::Orphaned(aside) => Some(aside.detail().received),
        AnyPayment::Initiated(_)
        | AnyPayment::Prepared(_)
        | AnyPayment::Authorized(_)
        | AnyPayment::AwaitingDeposit(_)
        | AnyPayment::Captured(_)
        | AnyPayment::Failed(_)
        | AnyPayment::Canceled(_)
        | AnyPayment::Expired(_)
        | AnyPayment::Voided(_)
        | AnyPayment::Returned(_) => None,
    }
}

fn taken_for_order(payment: &AnyPayment) -> Option<Amounts> {
    match payment {
        AnyPayment::Captured(taken) => Some(taken.detail().left()),
        AnyPayment::Initiated(_)
        | AnyPayment::Prepared(_)
        | AnyPayment::Authorized(_)
        | AnyPayment::AwaitingDeposit(_)
        | AnyPayment::Failed(_)
        | AnyPayment::Canceled(_)
        | AnyPayment::Expired(_)
        | AnyPayment::Voided(_)
        | AnyPayment::Mismatched(_)
        | AnyPayment::Orphaned(_)
        | AnyPayment::Returned(_) => None,
    }
}

fn parts(amounts: &Amounts, sign: i128) -> BTreeMap<String, i128> {
    let currency = amounts.currency().code();
    let part = |(component, minor): (crate::amounts::Component, u64)| {
        let minor = i128::from(minor).saturating_mul(sign);
        (format!("{} {currency}", component.name()), minor)
    };
    amounts.parts().map(part).collect()
}

fn order() -> NewOrder {
    let line = |unit_price, tax| NewLine {
        name: "강의".into(),
        quantity: 1,
        unit_price,
        tax,
        item_id: None,
        seller_id: None,
    };
    NewOrder {
        order_id: order_id(),
        buyer_id: BuyerId::parse("buyer-1").unwrap(),
        total: won(PRICE),
        resource: None,
        lines: vec![line(11_000, Tax::Taxable), line(700, Tax::TaxFree)],
        discounts: Vec::new(),
        capture: CaptureMode::OnConfirmation,
        expires_at: None,
        fingerprint: [1; 16],
    }
}

fn order_id() -> OrderId {
    OrderId::parse("order-1").unwrap()
}

pub(in crate::decide) fn name(n: usize) -> ProviderPaymentId {
    ProviderPaymentId(format!("drill-{n}").into())
}

fn sealed() -> Sealed {
    let id = SealingKeyId::Day {
        day: 20_000,
        class: RetentionClass::Evidence,
    };
    Sealed::seal(&SealingKey::new(id, [7; 32]), [9; 12], b"said").unwrap()
}
