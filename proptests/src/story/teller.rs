//! Tells a story to the engine and to the model at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use daegeum_engine::amounts::Amounts;
use daegeum_engine::command::{Asker, Command, Fact, MockResult, Resolution};
use daegeum_engine::decide::Policy;
use daegeum_engine::event::{PaymentEvent, Provider};
use daegeum_engine::group::GroupEvent;
use daegeum_engine::id::PaymentId;
use daegeum_engine::idempotency::{Answer, hash16};
use daegeum_engine::order::CaptureMode;
use daegeum_engine::store::Store as _;
use daegeum_engine::store::executor::{Executed, Shown};
use daegeum_engine::store::files::SimulatedFiles;
use daegeum_engine::store::index::{MemoryHome, MemoryIndex};
use daegeum_engine::store::keys::DueItem;
use daegeum_engine::store::opening::Rebuilt;
use daegeum_engine::store::record::Body;
use daegeum_engine::time::Timestamp;

use super::{Request, Step, Wish};
use crate::machine::{Clock, Machine, copy_of, request};
use crate::model::{
    About, By, Flaw, LONGEST_MS, Model, ModelReply, ModelRequest, Say, Split, Verdict, Won,
};
use crate::shop;

pub struct Teller {
    pub machine: Option<Machine>,
    pub model: Model,
    /// The engine's names of the model's payments.
    pub ids: Vec<PaymentId>,
    /// How much of the feed has been compared.
    pub fed: usize,
    /// The codes of what was refused.
    pub refusals: BTreeSet<&'static str>,
    old_index: Option<Arc<MemoryIndex>>,
}

impl Teller {
    pub fn new(cancel_on_failure: bool) -> Self {
        let policy = Policy {
            cancel_on_failure,
            ..Policy::default()
        };
        let (files, home) = (SimulatedFiles::new(), MemoryHome::default());
        let machine = Machine::under(policy, files, home, Clock::new()).unwrap();
        Self {
            machine: Some(machine),
            model: Model::new(cancel_on_failure),
            ids: Vec::new(),
            fed: 0,
            refusals: BTreeSet::new(),
            old_index: None,
        }
    }

    pub fn machine(&self) -> &Machine {
        self.machine.as_ref().unwrap()
    }

    fn running(&mut self) -> &mut Machine {
        self.machine.as_mut().unwrap()
    }

    pub fn tell(&mut self, step: Step) {
        match step {
            Step::ModelRequest(requests) => self.ask(&requests),
            Step::Tick(ms) => {
                let clock = &mut self.running().clock;
                clock.now = clock.now.checked_add_signed(ms).unwrap();
            }
            Step::RunWhatIsDue => self.run_what_is_due(),
            Step::Apply => drop(self.running().running.upkeep.applier.turn().unwrap()),
            Step::Flush => drop(self.running().running.upkeep.flusher.turn().unwrap()),
            Step::Prepare => drop(self.running().running.upkeep.prepare().unwrap()),
            Step::RememberIndex => {
                self.old_index = Some(copy_of(self.machine().home.index().as_ref()));
            }
            Step::Stop => {
                self.stop_and_start();
                self.model.restarts();
                assert_eq!(self.machine().running.rebuilt, Rebuilt::No { replayed: 0 });
            }
            Step::Kill { with_old_index } => self.kill(with_old_index),
            Step::LosePower { seed } => self.lose_power(seed),
            Step::DieDuring {
                request,
                operation,
                power,
            } => {
                self.die_during(&request, operation, power);
            }
        }
    }

    pub fn stop_and_start(&mut self) {
        let machine = self.machine.take().unwrap();
        let policy = machine.policy.clone();
        let (files, home, clock) = machine.stop();
        self.machine = Some(Machine::under(policy, files, home, clock).unwrap());
    }

    fn asks(&self, requests: &[Request]) -> Vec<(ModelRequest, Option<(u64, u8)>)> {
        let now = self.machine().clock.now.max(self.model.last_at);
        let known = self.ids.len();
        requests
            .iter()
            .map(|(wish, key)| (ask_of(wish, known, now), *key))
            .collect()
    }

    fn command(&self, ask: &ModelRequest) -> Command {
        command_of(ask, &self.ids)
    }

    fn ask(&mut self, requests: &[Request]) {
        let asks = self.asks(requests);
        let batch = asks
            .iter()
            .map(|(ask, key)| request(self.command(ask), key.map(|(k, f)| shop::keyed(k, f))));
        let batch = batch.collect();
        let executed = self.running().turn(batch).unwrap();
        self.model.hears_the_time(self.machine().clock.now);
        for ((ask, key), executed) in asks.iter().zip(&executed) {
            let (heard, replayed) = self.model.answers(ask, *key);
            if let ModelReply::Payment(201, p, 1) = heard
                && p == self.ids.len()
            {
                self.ids.push(shop::payment_of(executed));
            }
            assert_eq!(self.heard(executed), heard, "{ask:?} under {key:?}");
            if let ModelReply::Refused(code) = heard {
                self.refusals.insert(code);
            }
            assert_eq!(executed.replayed, replayed, "{ask:?} under {key:?}");
            self.shows_what_was_answered(executed);
        }
    }

    fn heard(&self, executed: &Executed) -> ModelReply {
        match &executed.answer {
            Answer::Order {
                status,
                order_id,
                version,
                ..
            } => {
                let n = order_id.as_str().strip_prefix("order-").unwrap();
                ModelReply::Order(*status, n.parse().unwrap(), *version)
            }
            Answer::Payment {
                status,
                payment_id,
                version,
                ..
            } => ModelReply::Payment(*status, self.number_of(*payment_id), *version),
            Answer::Rejected { rejection, .. } => ModelReply::Refused(rejection.code()),
        }
    }

    pub fn number_of(&self, id: PaymentId) -> usize {
        self.ids
            .iter()
            .position(|known| *known == id)
            .expect("a payment we were told of")
    }

    /// The data that renders an answer again is there: the aggregate itself, or its past.
    fn shows_what_was_answered(&self, executed: &Executed) {
        let reader = &self.machine().running.reader;
        let (order, payment, version) = match &executed.answer {
            Answer::Order {
                order_id, version, ..
            } => (order_id.clone(), None, *version),
            Answer::Payment {
                payment_id,
                version,
                ..
            } => {
                let n = self.model.payments[self.number_of(*payment_id)].order;
                (shop::order_id(n), Some(*payment_id), *version)
            }
            Answer::Rejected { .. } => return assert!(executed.shown.is_none()),
        };
        let shown = match &executed.shown {
            Some(Shown::Order(order, _)) => order.core().version,
            Some(Shown::Payment(payment)) => payment.core().version,
            None => payment.map_or_else(
                || {
                    reader
                        .order_at(&order, version)
                        .unwrap()
                        .unwrap()
                        .core()
                        .version
                },
                |id| {
                    reader
                        .payment_at(id, version)
                        .unwrap()
                        .unwrap()
                        .core()
                        .version
                },
            ),
        };
        assert_eq!(shown, version);
    }

    /// The jobs' part: nothing that is due is due afterwards. A hold that has run out may leave an order that is
    /// due as well; the job's next round finds it.
    fn run_what_is_due(&mut self) {
        for _ in 0..2 {
            self.run_one_round();
        }
        let now = self.machine().clock.now.max(self.model.last_at);
        assert_eq!(self.model.overdue(now), [], "nothing outlives its deadline");
    }

    fn run_one_round(&mut self) {
        let now = self.machine().clock.now.max(self.model.last_at);
        let due = self
            .machine()
            .running
            .reader
            .due(Timestamp::from_millis(now), None, 1_000)
            .unwrap()
            .items;
        for item in due {
            let wish = match item {
                DueItem::Order(id) => {
                    Wish::OrderDue(id.as_str().strip_prefix("order-").unwrap().parse().unwrap())
                }
                DueItem::Hold(id) => Wish::HoldDue(self.number_of(id)),
            };
            self.ask(&[(wish, None)]);
        }
    }

    fn kill(&mut self, with_old_index: bool) {
        let machine = self.machine.take().unwrap();
        let (files, home) = (machine.files.kill(), machine.home.clone());
        let home = match self.old_index.take().filter(|_| with_old_index) {
            Some(old) => MemoryHome::holding(old),
            None => home,
        };
        self.machine = Some(machine.again(files, home));
        self.model.restarts();
        let rebuilt = &self.machine().running.rebuilt;
        assert!(matches!(rebuilt, Rebuilt::No { .. }), "{rebuilt:?}");
    }

    fn lose_power(&mut self, seed: u64) {
        let machine = self.machine.take().unwrap();
        let files = machine.files.power_loss(seed);
        let home = machine.home.clone();
        self.machine = Some(machine.again(files, home));
        self.model.restarts();
    }

    /// The batch is there as a whole afterwards, or nothing of it is.
    fn die_during(&mut self, requests: &[Request], operation: u64, power: Option<u64>) {
        let asks = self.asks(requests);
        let batch = asks
            .iter()
            .map(|(ask, key)| request(self.command(ask), key.map(|(k, f)| shop::keyed(k, f))));
        let batch = batch.collect();
        let machine = self.running();
        let before = machine.running.executor.store().next_record();
        let off_at = machine.files.operations() + operation;
        machine.files.power_off_at(off_at);
        let acknowledged = machine.turn(batch).is_ok();
        let files = machine.files.clone();
        let files = power.map_or_else(|| files.kill(), |seed| files.power_loss(seed));
        let machine = self.machine.take().unwrap();
        let home = machine.home.clone();
        self.machine = Some(machine.again(files, home));
        let landed = self.machine().running.executor.store().next_record() > before;
        let mut after = self.model.clone();
        after.hears_the_time(self.machine().clock.now);
        for (ask, key) in &asks {
            after.answers(ask, *key);
        }
        let nothing_to_keep = after.kept_at == self.model.kept_at && after.feed == self.model.feed;
        assert!(
            !acknowledged || landed || nothing_to_keep,
            "an acknowledged commit is gone"
        );
        if landed || acknowledged {
            self.model = after;
            self.learns_payments(before);
        }
        self.model.restarts();
    }

    /// Reads from the journal the ids of payments whose answers were lost.
    fn learns_payments(&mut self, from: u64) {
        let mut begun = Vec::new();
        for record in self.machine().running.executor.store().replay(from) {
            let Body::Group(group) = record.unwrap().1.body else {
                continue;
            };
            begun.extend(group.events.iter().filter_map(|event| match event {
                GroupEvent::Payment(id, PaymentEvent::PaymentInitiated(_)) => Some(*id),
                _ => None,
            }));
        }
        self.ids.extend(begun);
        assert_eq!(self.ids.len(), self.model.payments.len());
    }
}

/// A payment that was never begun.
const STRANGER: usize = usize::MAX;

fn ask_of(wish: &Wish, known: usize, now: u64) -> ModelRequest {
    let p = |p: &usize| match *p % (known + 1) {
        _ if *p == super::LATEST && known > 0 => known - 1,
        p if p == known => STRANGER,
        p => p,
    };
    match wish {
        Wish::Order {
            n,
            on_confirmation,
            due_in,
            flaw,
        } => ModelRequest::Order {
            n: *n,
            on_confirmation: *on_confirmation,
            due: due_in.map(|ms| now + u64::from(ms)),
            flaw: *flaw,
        },
        Wish::CancelOrder(n) => ModelRequest::CancelOrder(*n),
        Wish::Confirm(n) => ModelRequest::Confirm(*n),
        Wish::OrderDue(n) => ModelRequest::OrderDue(*n),
        Wish::Pay { by, n, right, mock } => ModelRequest::Pay {
            by: *by,
            n: *n,
            amount: if *right { shop::TOTAL } else { 1 },
            mock: *mock,
        },
        Wish::Complete(wished, result) => ModelRequest::Complete(p(wished), *result),
        Wish::Capture(wished) => ModelRequest::Capture(p(wished)),
        Wish::CancelPayment(by, wished) => ModelRequest::CancelPayment(*by, p(wished)),
        Wish::HoldDue(wished) => ModelRequest::HoldDue(p(wished)),
        Wish::Notify {
            p: wished,
            event,
            say,
        } => ModelRequest::Notify {
            p: p(wished),
            event: format!("evt-{event}"),
            say: *say,
        },
        Wish::Resolve { p: wished, verdict } => ModelRequest::Resolve {
            p: p(wished),
            verdict: *verdict,
        },
        Wish::Erase(wished) => ModelRequest::Erase(p(wished)),
    }
}

fn command_of(ask: &ModelRequest, ids: &[PaymentId]) -> Command {
    let id = |p: &usize| ids.get(*p).copied().unwrap_or(PaymentId::from_bits(1));
    match ask {
        ModelRequest::Order {
            n,
            on_confirmation,
            due,
            flaw,
        } => {
            let capture = match on_confirmation {
                true => CaptureMode::OnConfirmation,
                false => CaptureMode::Automatic,
            };
            let mut new = shop::new_order(*n, capture, *due);
            if *flaw != Flaw::None {
                new.fingerprint = hash16(&[format!("{flaw:?}").as_bytes()]);
            }
            match flaw {
                Flaw::None | Flaw::Another => {}
                Flaw::Total => new.total = shop::won(shop::TOTAL + 1),
                Flaw::NoLines => new.lines.clear(),
                Flaw::NoPieces => new.lines[0].quantity = 0,
                Flaw::PastDeadline => new.expires_at = Some(Timestamp::from_millis(1)),
                Flaw::FarDeadline => {
                    let far = crate::machine::BEGINNING + 20 * LONGEST_MS;
                    new.expires_at = Some(Timestamp::from_millis(far));
                }
            }
            Command::CreateOrder(new)
        }
        ModelRequest::CancelOrder(n) => Command::CancelOrder {
            order_id: shop::order_id(*n),
        },
        ModelRequest::Confirm(n) => Command::ConfirmOrder {
            order_id: shop::order_id(*n),
        },
        ModelRequest::OrderDue(n) => Command::OrderDue {
            order_id: shop::order_id(*n),
        },
        ModelRequest::Pay {
            by,
            n,
            amount,
            mock,
        } => Command::CreatePayment {
            asker: asker(*by),
            order_id: shop::order_id(*n),
            amount: shop::won(*amount),
            provider: Some(if *mock {
                Provider::Mock
            } else {
                Provider::Toss
            }),
        },
        ModelRequest::Complete(p, result) => shop::complete(
            id(p),
            match result {
                Some(true) => MockResult::Success,
                Some(false) => MockResult::Fail,
                None => MockResult::NoAnswer,
            },
        ),
        ModelRequest::Capture(p) => Command::CapturePayment { payment_id: id(p) },
        ModelRequest::CancelPayment(by, p) => Command::CancelPayment {
            asker: asker(*by),
            payment_id: id(p),
        },
        ModelRequest::HoldDue(p) => Command::HoldDue { payment_id: id(p) },
        ModelRequest::Notify { p, event, say } => shop::notify(
            id(p),
            event,
            match say {
                Say::Took(told) => Fact::left_of(amounts(told.taken), amounts(told.left)),
                Say::Failed => shop::failed(),
                Say::Canceled => Fact::Canceled,
                Say::Something => Fact::Other,
            },
        ),
        ModelRequest::Resolve { p, verdict } => shop::resolve(id(p), resolution(*verdict)),
        ModelRequest::Erase(p) => Command::ErasePersonalData {
            payment_id: id(p),
            actor: "kim".into(),
        },
    }
}

fn resolution(verdict: Verdict) -> Resolution {
    match verdict {
        Verdict::Take => Resolution::Take,
        Verdict::Return => Resolution::Return,
        Verdict::Accept => Resolution::Accept,
    }
}

fn amounts(won: Won) -> Amounts {
    let [supply, vat, tax_free, whole] = won.parts().map(shop::won);
    match won.split {
        Split::Unsaid => Amounts::whole(whole),
        Split::Ours | Split::Theirs | Split::Parts(_) => {
            Amounts::split(supply, vat, tax_free).unwrap()
        }
    }
}

fn asker(by: By) -> Asker {
    match by {
        By::Merchant => Asker::Merchant,
        By::Buyer(n) => Asker::Buyer(shop::buyer(n)),
        By::Nobody => Asker::Nobody,
    }
}

impl Teller {
    /// Whom an event of the engine is about, in the model's words.
    pub fn about(&self, order: &str, event: &GroupEvent) -> (About, &'static str) {
        match event {
            GroupEvent::Order(event) => {
                let n = order.strip_prefix("order-").unwrap().parse().unwrap();
                (About::Order(n), event.name())
            }
            GroupEvent::Payment(id, event) => (About::Payment(self.number_of(*id)), event.name()),
        }
    }
}
