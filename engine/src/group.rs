//! A group: one order with the payments that a command concerns. A commit never goes beyond one group, so that orders
//! can be spread over shards.

#![deny(clippy::wildcard_enum_match_arm)]

use bincode::{Decode, Encode};

use crate::event::{OrderEvent, PaymentEvent};
use crate::id::{OrderId, PaymentId};
use crate::lifecycle::Impossible;
use crate::order::{AnyOrder, Order, OrderCommand};
use crate::payment::{AnyPayment, Payment, PaymentCommand};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// An event with its subject. Stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum GroupEvent {
    /// An event of the group's order.
    Order(OrderEvent),
    /// An event of one of its payments.
    Payment(PaymentId, PaymentEvent),
}

impl GroupEvent {
    /// Whether it is in the merchant's feed.
    pub const fn concerns_merchant(&self) -> bool {
        match self {
            Self::Order(event) => event.kind().concerns_merchant(),
            Self::Payment(_, event) => event.kind().concerns_merchant(),
        }
    }
}

impl GroupEvent {
    /// Whether it moved a payment, an order or an operation from one state to another, or began one.
    pub const fn is_transition(&self) -> bool {
        match self {
            Self::Order(event) => event.kind().is_transition(),
            Self::Payment(_, event) => event.kind().is_transition(),
        }
    }
}

/// The reason why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The rules refuse it.
    Rejected(Rejection),
    /// Our own records contradict each other; no decision may be based on them.
    Contradiction(Impossible),
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Impossible> for Refusal {
    fn from(impossible: Impossible) -> Self {
        Self::Contradiction(impossible)
    }
}

/// An order with some of its payments, in memory.
#[derive(Debug, Default)]
pub struct Group {
    /// The order, once there is one.
    pub order: Option<AnyOrder>,
    /// The loaded payments.
    pub payments: Vec<AnyPayment>,
}

impl Group {
    /// The loaded payment with this id.
    pub fn payment(&self, id: PaymentId) -> Option<&AnyPayment> {
        self.payments.iter().find(|payment| payment.core().id == id)
    }

    /// Applies a recorded event: the same for live commits, replay and verification.
    pub fn evolve(
        &mut self,
        order_id: &OrderId,
        event: &GroupEvent,
        at: Timestamp,
    ) -> Result<(), Impossible> {
        match event {
            GroupEvent::Order(event) => self.evolve_order(order_id, event, at),
            GroupEvent::Payment(id, event) => self.evolve_payment(*id, event, at),
        }
    }

    fn evolve_order(
        &mut self,
        id: &OrderId,
        event: &OrderEvent,
        at: Timestamp,
    ) -> Result<(), Impossible> {
        self.order = Some(match (self.order.take(), event) {
            (None, OrderEvent::OrderCreated(created)) => {
                Order::created(id.clone(), created, at).into()
            }
            (Some(order), event) => order.evolve(event, at)?,
            (None, event) => {
                return Err(Impossible {
                    state: "absent",
                    event: event.name(),
                });
            }
        });
        Ok(())
    }

    fn evolve_payment(
        &mut self,
        id: PaymentId,
        event: &PaymentEvent,
        at: Timestamp,
    ) -> Result<(), Impossible> {
        let known = self
            .payments
            .iter()
            .position(|payment| payment.core().id == id);
        let next = match (known, event) {
            (None, PaymentEvent::PaymentInitiated(initiated)) => {
                Payment::initiated(id, initiated, at).into()
            }
            (Some(at_index), event) => self.payments.swap_remove(at_index).evolve(event, at)?,
            (None, event) => {
                return Err(Impossible {
                    state: "absent",
                    event: event.name(),
                });
            }
        };
        self.payments.push(next);
        Ok(())
    }
}

/// A group while a command is decided: each step changes it and is recorded.
#[derive(Debug)]
pub struct Work {
    group: Group,
    events: Vec<GroupEvent>,
    now: Timestamp,
}

impl Work {
    /// Begins with the loaded group.
    pub const fn new(group: Group, now: Timestamp) -> Self {
        Self {
            group,
            events: Vec::new(),
            now,
        }
    }

    /// The time of the decision.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The group after all steps, and the recorded events.
    pub fn finish(self) -> (Group, Vec<GroupEvent>) {
        (self.group, self.events)
    }

    /// The order.
    pub fn order(&self) -> Result<&AnyOrder, Rejection> {
        self.group.order.as_ref().ok_or(Rejection::OrderNotFound)
    }

    /// The loaded payments.
    pub fn payments(&self) -> &[AnyPayment] {
        &self.group.payments
    }

    /// Whether a call about one of the loaded payments is unanswered.
    pub fn is_any_call_in_flight(&self) -> bool {
        let mut payments = self.group.payments.iter();
        payments.any(|payment| payment.core().operation_in_flight())
    }

    /// A payment.
    pub fn payment(&self, id: PaymentId) -> Result<&AnyPayment, Rejection> {
        self.group.payment(id).ok_or(Rejection::PaymentNotFound)
    }

    /// The ids of the loaded payments that are still open, without `other`.
    pub fn open_payments_besides(&self, other: Option<PaymentId>) -> Vec<PaymentId> {
        let open = |payment: &&AnyPayment| payment.state().is_open();
        let ids = self
            .group
            .payments
            .iter()
            .filter(open)
            .map(|payment| payment.core().id);
        ids.filter(|id| Some(*id) != other).collect()
    }

    /// Moves the order and records it.
    pub fn step_order(&mut self, command: OrderCommand) -> Result<(), Rejection> {
        let order = self.group.order.take().ok_or(Rejection::OrderNotFound)?;
        let step = order.apply(command, self.now)?;
        self.group.order = Some(step.next);
        self.events.push(GroupEvent::Order(step.event));
        Ok(())
    }

    /// Moves a payment and records it.
    pub fn step_payment(
        &mut self,
        id: PaymentId,
        command: PaymentCommand,
    ) -> Result<(), Rejection> {
        let known = self
            .group
            .payments
            .iter()
            .position(|payment| payment.core().id == id);
        let payment = self
            .group
            .payments
            .swap_remove(known.ok_or(Rejection::PaymentNotFound)?);
        let step = payment.apply(command, self.now)?;
        self.group.payments.push(step.next);
        self.events.push(GroupEvent::Payment(id, step.event));
        Ok(())
    }

    /// Records an event that leaves the order's state unchanged, or begins the order.
    pub fn note_order(
        &mut self,
        id: &OrderId,
        event: impl Into<OrderEvent>,
    ) -> Result<(), Impossible> {
        self.note(id, GroupEvent::Order(event.into()))
    }

    /// Records an event that leaves a payment's state unchanged, or begins the payment.
    pub fn note_payment(
        &mut self,
        id: PaymentId,
        event: impl Into<PaymentEvent>,
    ) -> Result<(), Impossible> {
        let event = event.into();
        self.group.evolve_payment(id, &event, self.now)?;
        self.events.push(GroupEvent::Payment(id, event));
        Ok(())
    }

    fn note(&mut self, order_id: &OrderId, event: GroupEvent) -> Result<(), Impossible> {
        self.group.evolve(order_id, &event, self.now)?;
        self.events.push(event);
        Ok(())
    }
}
