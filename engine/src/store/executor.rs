//! The executor: load, recognise a repetition, decide, commit. The same over every store.

use std::collections::HashMap;

use super::codec::{self, Kind};
use super::keys::{self, Key};
use super::record::{Body, GroupRecord, Record, UnmatchedNotification};
use super::view::{self, Balances, Before, Loaded, Source};
use super::{Commit, Store, StoreError, Write};
use crate::command::{Command, Notification, Target};
use crate::decide::{Context, Decision, Policy, Subject, decide};
use crate::group::{Group, GroupEvent, Refusal};
use crate::id::{Ids, PaymentId, dated};
use crate::idempotency::{Answer, KeyedRequest, Known, Reply};
use crate::order::AnyOrder;
use crate::payment::AnyPayment;
use crate::rejection::Rejection;
use crate::time::Timestamp;
use crate::wire;

/// A command with what came along with it.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is asked.
    pub command: Command,
    /// The caller's idempotency key, hashed, if there is one.
    pub keyed: Option<KeyedRequest>,
    /// The request's id; a kept refusal names it again.
    pub request_id: Box<str>,
}

/// What became of a request. Handed out only once it is durable.
#[derive(Debug)]
pub struct Executed {
    /// What is answered, now and again.
    pub answer: Answer,
    /// Whether this very answer had been given before.
    pub replayed: bool,
    /// What the answer is about as it is now, if that is what the answer shows.
    pub shown: Option<Shown>,
    /// What happened.
    pub events: Vec<GroupEvent>,
}

/// An aggregate to show.
#[derive(Debug)]
pub enum Shown {
    /// An order, with the record that has what is bought.
    Order(AnyOrder, u64),
    /// A payment.
    Payment(AnyPayment),
}

/// Time and ids for a turn.
pub trait Inputs {
    /// The time now; the executor never lets it go back.
    fn now(&mut self) -> Timestamp;
    /// New ids.
    fn ids(&mut self) -> &mut dyn Ids;
}

/// Ids with the time of the decision. The world's clock has gone on since, or is behind; a page that ends at a
/// time ends at an id of that time, so what is begun then may have no later id.
struct Dated<'a> {
    ids: &'a mut dyn Ids,
    at: Timestamp,
}

impl Ids for Dated<'_> {
    fn next(&mut self) -> u128 {
        dated(self.ids.next(), self.at)
    }
}

/// Runs commands over a store, a batch at a time.
#[derive(Debug)]
pub struct Executor<S> {
    store: S,
    policy: Policy,
    balances: Balances,
    last_at: Timestamp,
}

/// What this batch has staged over the store; nobody else sees it before it is durable.
struct Staged<'a, S> {
    store: &'a S,
    writes: &'a HashMap<Key, Option<Vec<u8>>>,
}

impl<S: Store> Source for Staged<'_, S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(staged) = self.writes.get(key) {
            return Ok(staged.clone());
        }
        self.store.get(key)
    }
}

/// The versions that a decision is made on.
type Expected = Vec<(Key, Option<u64>)>;

/// A commit being prepared with its answer.
struct Prepared {
    executed: Executed,
    commit: Option<Commit>,
}

impl<S: Store> Executor<S> {
    /// How often a batch is decided again when others commit in between.
    const MAX_ATTEMPTS: u32 = 16;

    /// An executor whose clock does not go back behind `last_at`.
    pub fn new(store: S, policy: Policy, last_at: Timestamp) -> Self {
        Self {
            store,
            policy,
            balances: Balances::default(),
            last_at,
        }
    }

    /// The store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// The store, for what it tells of itself.
    pub const fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// The store, to be stopped.
    pub fn into_store(self) -> S {
        self.store
    }

    /// Executes a batch: every answer is durable when this returns, in the order of the requests.
    pub fn turn(
        &mut self,
        batch: Vec<Request>,
        inputs: &mut dyn Inputs,
    ) -> Result<Vec<Executed>, StoreError> {
        let mut done: Vec<Option<Executed>> = batch.iter().map(|_| None).collect();
        let mut waiting: Vec<(usize, Request)> = batch.into_iter().enumerate().collect();
        for _ in 0..Self::MAX_ATTEMPTS {
            if waiting.is_empty() {
                break;
            }
            waiting = self.attempt(waiting, &mut done, inputs)?;
        }
        let finished: Option<Vec<Executed>> = done.into_iter().collect();
        finished.ok_or_else(|| {
            StoreError::Failed("other writers kept committing in between".to_owned())
        })
    }

    /// One pass; what conflicted is returned to be decided again.
    fn attempt(
        &mut self,
        requests: Vec<(usize, Request)>,
        done: &mut [Option<Executed>],
        inputs: &mut dyn Inputs,
    ) -> Result<Vec<(usize, Request)>, StoreError> {
        let mut staged: HashMap<Key, Option<Vec<u8>>> = HashMap::new();
        let mut commits = Vec::with_capacity(requests.len());
        let mut decided = Vec::with_capacity(requests.len());
        let mut next = self.store.next_record();
        self.last_at = self.last_at.max(inputs.now());
        for (at, request) in requests {
            let prepared = self.prepare(&request, next, &staged, inputs)?;
            decided.push((at, request, prepared.executed, prepared.commit.is_some()));
            if let Some(commit) = prepared.commit {
                let read_back = commit
                    .writes
                    .iter()
                    .filter(|write| keys::is_decided_on(&write.key));
                staged.extend(read_back.map(|write| (write.key.clone(), write.value.clone())));
                commits.push(commit);
                next = next.saturating_add(1);
            }
        }
        let outcomes = if commits.is_empty() {
            Vec::new()
        } else {
            self.store.commit(commits)?
        };
        let kept = outcomes
            .iter()
            .take_while(|outcome| outcome.is_ok())
            .count();
        let again = settle(decided, kept, outcomes.len(), done);
        if !again.is_empty() {
            self.balances = Balances::default();
        }
        Ok(again)
    }

    fn prepare(
        &mut self,
        request: &Request,
        number: u64,
        staged: &HashMap<Key, Option<Vec<u8>>>,
        inputs: &mut dyn Inputs,
    ) -> Result<Prepared, StoreError> {
        let source = Staged {
            store: &self.store,
            writes: staged,
        };
        if let Some(known) = recognise(&source, request)? {
            return Ok(known);
        }
        let (loaded, expect) = load(&source, &request.command.target())?;
        let (group, before) = loaded.split();
        let created = created_before(&group, &request.command);
        let mut ids = Dated {
            ids: inputs.ids(),
            at: self.last_at,
        };
        let mut context = Context {
            now: self.last_at,
            policy: &self.policy,
            ids: &mut ids,
        };
        match decide(group, request.command.clone(), &mut context) {
            Ok(decision) => {
                self.accept(request, decision, created, number, &before, expect, staged)
            }
            Err(Refusal::Rejected(rejection)) => self.reject(request, rejection, expect),
            Err(Refusal::Contradiction(impossible)) => Err(StoreError::Damaged(format!(
                "a stored group contradicts itself: {impossible}"
            ))),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one commit's whole context, used once"
    )]
    fn accept(
        &mut self,
        request: &Request,
        decision: Decision,
        replayed: bool,
        number: u64,
        before: &Before,
        expect: Expected,
        staged: &HashMap<Key, Option<Vec<u8>>>,
    ) -> Result<Prepared, StoreError> {
        let Decision {
            group,
            events,
            subject,
            progress,
        } = decision;
        let version = if replayed {
            1
        } else {
            version_of(&group, &subject)
        };
        let answer = answer_of(&subject, progress.status(), version);
        let reply = request
            .keyed
            .map(|keyed| keyed_reply(keyed, answer.clone()));
        let first_record = before.first_record().unwrap_or(number);
        let unchanged = events.is_empty();
        if unchanged && reply.is_none() {
            let shown = shown_at(group, &subject, version, first_record);
            return Ok(Prepared {
                executed: Executed {
                    answer,
                    replayed,
                    shown,
                    events,
                },
                commit: None,
            });
        }
        let order_id = match &group.order {
            Some(order) => order.core().id.clone(),
            None => {
                return Err(StoreError::Damaged(
                    "a decision without an order".to_owned(),
                ));
            }
        };
        let mut writes = view::writes_of_group(number, before, &group, &events)?;
        self.post(number, &group, &events, staged, &mut writes)?;
        if let Some(reply) = &reply {
            writes.push(view::reply_write(reply)?);
        }
        let body = GroupRecord {
            order_id,
            previous: before.record,
            events: events.clone(),
            reply,
        };
        let record = Record {
            at: self.last_at,
            body: Body::Group(body),
        };
        let shown = shown_at(group, &subject, version, first_record);
        let executed = Executed {
            answer,
            replayed,
            shown,
            events,
        };
        Ok(Prepared {
            executed,
            commit: Some(Commit {
                expect,
                record,
                writes,
            }),
        })
    }

    fn post(
        &mut self,
        number: u64,
        group: &Group,
        events: &[GroupEvent],
        staged: &HashMap<Key, Option<Vec<u8>>>,
        writes: &mut Vec<Write>,
    ) -> Result<(), StoreError> {
        let postings = view::postings_of(group, events);
        let source = Staged {
            store: &self.store,
            writes: staged,
        };
        for posting in &postings {
            self.balances.load(&source, posting)?;
        }
        self.balances.apply(number, &postings, writes)
    }

    /// A refusal changes nothing; under a key it is kept, and so is an authentic notification of a payment we lack.
    fn reject(
        &self,
        request: &Request,
        rejection: Rejection,
        expect: Expected,
    ) -> Result<Prepared, StoreError> {
        let answer = Answer::Rejected {
            wire: wire::CURRENT,
            rejection,
            request_id: request.request_id.clone(),
        };
        let executed = Executed {
            answer: answer.clone(),
            replayed: false,
            shown: None,
            events: Vec::new(),
        };
        let body = match (&request.keyed, &request.command) {
            (Some(keyed), _) => Some(Body::Refused(keyed_reply(*keyed, answer))),
            (None, Command::Notify(notification)) => {
                Some(Body::Unmatched(unmatched(notification.clone())))
            }
            (None, _) => None,
        };
        let Some(body) = body else {
            return Ok(Prepared {
                executed,
                commit: None,
            });
        };
        let writes = match &body {
            Body::Refused(reply) => vec![view::reply_write(reply)?],
            _ => Vec::new(),
        };
        let record = Record {
            at: self.last_at,
            body,
        };
        Ok(Prepared {
            executed,
            commit: Some(Commit {
                expect,
                record,
                writes,
            }),
        })
    }
}

/// Hands out the answers up to the first conflict. All that comes after is to be decided again, also what had
/// nothing to commit: it may have answered from what was staged and is not kept.
fn settle(
    decided: Vec<(usize, Request, Executed, bool)>,
    kept: usize,
    asked: usize,
    done: &mut [Option<Executed>],
) -> Vec<(usize, Request)> {
    let mut again = Vec::new();
    let mut commits = 0_usize;
    for (at, request, executed, commits_something) in decided {
        commits = commits.saturating_add(usize::from(commits_something));
        if kept == asked || commits <= kept {
            put(done, at, executed);
        } else {
            again.push((at, request));
        }
    }
    again
}

fn put(done: &mut [Option<Executed>], at: usize, executed: Executed) {
    if let Some(slot) = done.get_mut(at) {
        *slot = Some(executed);
    }
}

/// The answer of a keyed request that was answered before, or the refusal of its key.
fn recognise(source: &impl Source, request: &Request) -> Result<Option<Prepared>, StoreError> {
    let Some(keyed) = &request.keyed else {
        return Ok(None);
    };
    let Some(bytes) = source.get(&keys::reply(&keyed.key))? else {
        return Ok(None);
    };
    let reply: Reply = codec::decode(Kind::Reply, &bytes)?;
    let (answer, replayed) = match reply.compare(keyed) {
        Known::Replay(answer) => (answer, true),
        Known::Conflict => {
            let rejection = Rejection::IdempotencyKeyReused;
            (
                Answer::Rejected {
                    wire: wire::CURRENT,
                    rejection,
                    request_id: request.request_id.clone(),
                },
                false,
            )
        }
    };
    let shown = show_if_current(source, &answer)?;
    let executed = Executed {
        answer,
        replayed,
        shown,
        events: Vec::new(),
    };
    Ok(Some(Prepared {
        executed,
        commit: None,
    }))
}

/// The answer's subject, if it has not moved since; otherwise the caller reads its history.
fn show_if_current(source: &impl Source, answer: &Answer) -> Result<Option<Shown>, StoreError> {
    Ok(match answer {
        Answer::Order {
            order_id, version, ..
        } => view::load_order(source, order_id)?
            .filter(|order| order.value.core().version == *version)
            .map(|order| Shown::Order(order.value, order.first_record)),
        Answer::Payment {
            payment_id,
            version,
            ..
        } => view::load_payment(source, *payment_id)?
            .filter(|payment| payment.value.core().version == *version)
            .map(|payment| Shown::Payment(payment.value)),
        Answer::Rejected { .. } => None,
    })
}

/// Reads what a command concerns: the order, the payment it names, and the order's open payments.
fn load(source: &impl Source, target: &Target) -> Result<(Loaded, Expected), StoreError> {
    let mut loaded = Loaded::default();
    let mut expect = Vec::with_capacity(2);
    let order_id = match target {
        Target::Order(id) => Some(id.clone()),
        Target::Payment(id) => load_payment(source, *id, &mut loaded, &mut expect)?,
    };
    let Some(order_id) = order_id else {
        return Ok((loaded, expect));
    };
    let order = view::load_order(source, &order_id)?;
    expect.push((
        keys::order(&order_id),
        order.as_ref().map(|order| order.record),
    ));
    let Some(order) = order else {
        return Ok((loaded, expect));
    };
    let siblings: Vec<PaymentId> = order.value.core().payments.clone();
    loaded.add_order(order);
    for id in siblings {
        if loaded.group.payment(id).is_none() {
            load_payment(source, id, &mut loaded, &mut expect)?;
        }
    }
    Ok((loaded, expect))
}

fn load_payment(
    source: &impl Source,
    id: PaymentId,
    loaded: &mut Loaded,
    expect: &mut Expected,
) -> Result<Option<crate::id::OrderId>, StoreError> {
    let payment = view::load_payment(source, id)?;
    expect.push((
        keys::payment(id),
        payment.as_ref().map(|payment| payment.record),
    ));
    let Some(payment) = payment else {
        return Ok(None);
    };
    let order_id = payment.value.core().order_id.clone();
    loaded.add_payment(payment);
    Ok(Some(order_id))
}

/// Registering an order again is recognised by the order itself; its first answer is version 1.
fn created_before(group: &Group, command: &Command) -> bool {
    matches!(command, Command::CreateOrder(_)) && group.order.is_some()
}

fn version_of(group: &Group, subject: &Subject) -> u64 {
    match subject {
        Subject::Order(_) => group.order.as_ref().map_or(0, |order| order.core().version),
        Subject::Payment(id) => group
            .payment(*id)
            .map_or(0, |payment| payment.core().version),
    }
}

fn answer_of(subject: &Subject, status: u16, version: u64) -> Answer {
    let wire = wire::CURRENT;
    match subject {
        Subject::Order(id) => Answer::Order {
            wire,
            status,
            order_id: id.clone(),
            version,
        },
        Subject::Payment(id) => Answer::Payment {
            wire,
            status,
            payment_id: *id,
            version,
        },
    }
}

fn shown_at(group: Group, subject: &Subject, version: u64, first_record: u64) -> Option<Shown> {
    match subject {
        Subject::Order(_) => group
            .order
            .filter(|order| order.core().version == version)
            .map(|order| Shown::Order(order, first_record)),
        Subject::Payment(id) => {
            let mut payments = group.payments.into_iter();
            let payment = payments.find(|payment| payment.core().id == *id);
            payment
                .filter(|payment| payment.core().version == version)
                .map(Shown::Payment)
        }
    }
}

const fn keyed_reply(keyed: KeyedRequest, answer: Answer) -> Reply {
    Reply {
        key: keyed.key,
        fingerprint: keyed.fingerprint,
        answer,
    }
}

fn unmatched(notification: Notification) -> UnmatchedNotification {
    UnmatchedNotification {
        provider: notification.provider,
        event_id: notification.event_id,
        event_type: notification.event_type,
        payment_id: notification.payment_id,
        body: notification.body,
    }
}
