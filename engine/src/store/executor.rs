//! The executor: load, recognise a repetition, decide, commit. The same for every store.

mod answers;
mod loading;

use std::collections::HashMap;

use self::answers::{
    answer_of, created_before, keyed_reply, recognise, rejected, shown_at, version_of,
};
use self::loading::{Expected, load};
use super::keys::{self, Key};
use super::record::{Body, GroupRecord, Record, UnmatchedNotification};
use super::view::{self, Balances, Before, KeyReader};
use super::{Commit, Store, StoreError, Write};
use crate::command::{Command, Notification, Target};
use crate::decide::{Context, Decision, Policy, decide};
use crate::group::{Group, GroupEvent, Refusal};
use crate::id::{Ids, dated};
use crate::idempotency::{Answer, KeyedRequest, Reply};
use crate::order::AnyOrder;
use crate::payment::AnyPayment;
use crate::rejection::Rejection;
use crate::stream::Stream;
use crate::time::Timestamp;

/// A command with its idempotency key and request id.
#[derive(Debug, Clone)]
pub struct Request {
    /// The command.
    pub command: Command,
    /// The caller's idempotency key, hashed, if there is one.
    pub keyed: Option<KeyedRequest>,
    /// The request's id; a stored refusal repeats it.
    pub request_id: Box<str>,
}

/// The result of a request. Returned only once it is durable.
#[derive(Debug)]
pub struct Executed {
    /// The answer, the same for every repetition.
    pub answer: Answer,
    /// Whether this answer had been given before.
    pub replayed: bool,
    /// The present state of the answer's subject, if the answer shows it.
    pub shown: Option<Shown>,
    /// The events.
    pub events: Vec<GroupEvent>,
    /// The record from which to look for the calls that an answer about an order waits for.
    pub since: Since,
}

/// The record in an order's history that an answer was given with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// This record.
    Record(u64),
    /// The record that keeps an answer under this key; if there is none, the record that led to the order's present
    /// version.
    Key([u8; 16]),
}

/// An aggregate to show.
#[derive(Debug)]
pub enum Shown {
    /// An order, with the record that holds its lines.
    Order(Box<AnyOrder>, u64),
    /// A payment.
    Payment(Box<AnyPayment>),
}

/// Time and ids for a turn.
pub trait Inputs {
    /// The current time; the executor never lets it go back.
    fn now(&mut self) -> Timestamp;
    /// New ids.
    fn ids(&mut self) -> &mut dyn Ids;
}

/// Ids that carry the time of the decision. The process's clock may be ahead of it or behind; a page that ends at a
/// time ends at an id of that time, so something begun at that time must not have a later id.
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

/// The writes that this batch has staged over the store; invisible to others until they are durable.
struct Staged<'a, S> {
    store: &'a S,
    writes: &'a HashMap<Key, Option<Vec<u8>>>,
}

impl<S: Store> KeyReader for Staged<'_, S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(staged) = self.writes.get(key) {
            return Ok(staged.clone());
        }
        self.store.get(key)
    }

    fn distrusted(&self, error: StoreError) -> StoreError {
        self.store.distrusted(error)
    }
}

/// A commit being prepared with its answer.
struct Prepared {
    executed: Executed,
    commit: Option<Commit>,
}

impl<S: Store> Executor<S> {
    /// How often a batch is decided again when other writers commit in between.
    const MAX_ATTEMPTS: u32 = 16;

    /// An executor whose clock never goes back behind `last_at`.
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

    /// The store, for its figures.
    pub const fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// The store, so that it can be stopped.
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
        finished.ok_or_else(|| StoreError::failed("other writers kept committing in between"))
    }

    /// One pass; the requests that conflicted are returned to be decided again.
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
        self.balances.trim();
        self.last_at = self.last_at.max(inputs.now());
        for (at, request) in requests {
            let prepared = self.prepare(&request, next, &staged, inputs);
            let prepared = prepared.inspect_err(|_| self.balances = Balances::default())?;
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
            // Balances changed in memory must be undone if the commit did not happen.
            let outcomes = self.store.commit(commits);
            outcomes.inspect_err(|_| self.balances = Balances::default())?
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
        let stream = stream_of(&group, &request.command);
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
                let decided = (decision, created);
                self.accept(request, stream, decided, number, &before, expect, staged)
            }
            Err(Refusal::Rejected(rejection)) => self.reject(request, stream, rejection, expect),
            Err(Refusal::Contradiction(impossible)) => {
                let what = format!("a stored group contradicts itself: {impossible}");
                Err(self.store.contradicted(what))
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one commit's whole context, used once"
    )]
    fn accept(
        &mut self,
        request: &Request,
        stream: Stream,
        (decision, replayed): (Decision, bool),
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
        if events.is_empty() {
            let shown = shown_at(group, &subject, version, first_record);
            let last = Since::Record(before.record);
            let executed = Executed {
                answer,
                replayed,
                shown,
                events,
                since: request.keyed.map_or(last, |keyed| Since::Key(keyed.key)),
            };
            return self.keep_answer(executed, stream, reply, expect);
        }
        if stream.order().is_none() {
            return Err(StoreError::Damaged(
                "a decision without an order".to_owned(),
            ));
        }
        let mut writes = view::writes_of_group(number, before, &group, &events)?;
        self.post(number, &stream, &group, &events, staged, &mut writes)?;
        if let Some(reply) = &reply {
            writes.push(view::reply_write(reply)?);
        }
        let body = GroupRecord {
            previous: before.record,
            events: events.clone(),
            reply,
        };
        let record = Record::new(self.last_at, stream, Body::Group(body));
        let shown = shown_at(group, &subject, version, first_record);
        let executed = Executed {
            answer,
            replayed,
            shown,
            events,
            since: Since::Record(number),
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

    /// A command that changed nothing adds nothing to an order's history; if it has a key, its answer is stored
    /// beside the history.
    fn keep_answer(
        &self,
        executed: Executed,
        stream: Stream,
        reply: Option<Reply>,
        expect: Expected,
    ) -> Result<Prepared, StoreError> {
        let Some(reply) = reply else {
            return Ok(Prepared {
                executed,
                commit: None,
            });
        };
        let writes = vec![view::reply_write(&reply)?];
        let record = Record::new(self.last_at, stream, Body::Kept(reply));
        let commit = Some(Commit {
            expect,
            record,
            writes,
        });
        Ok(Prepared { executed, commit })
    }

    fn post(
        &mut self,
        number: u64,
        stream: &Stream,
        group: &Group,
        events: &[GroupEvent],
        staged: &HashMap<Key, Option<Vec<u8>>>,
        writes: &mut Vec<Write>,
    ) -> Result<(), StoreError> {
        let postings = view::postings_of(stream, self.last_at, group, events);
        let source = Staged {
            store: &self.store,
            writes: staged,
        };
        for posting in &postings {
            self.balances.load(&source, posting)?;
        }
        self.balances.apply(number, &postings, writes)
    }

    /// A refusal changes nothing. If it has a key it is stored; so is an authentic notification of a payment that we
    /// do not have.
    fn reject(
        &self,
        request: &Request,
        stream: Stream,
        rejection: Rejection,
        expect: Expected,
    ) -> Result<Prepared, StoreError> {
        let lacking = rejection == Rejection::PaymentNotFound;
        let passes = rejection.retry_after_ms().is_some();
        let answer = rejected(rejection, &request.request_id);
        let body = match (&request.keyed, &request.command) {
            (Some(_), _) if passes => None,
            (Some(keyed), _) => Some(Body::Kept(keyed_reply(*keyed, answer.clone()))),
            (None, Command::Notify(notification)) if lacking => {
                Some(Body::Unmatched(unmatched(notification.clone())))
            }
            (None, _) => None,
        };
        let executed = Executed {
            answer,
            replayed: false,
            shown: None,
            events: Vec::new(),
            since: Since::Record(0),
        };
        let Some(body) = body else {
            return Ok(Prepared {
                executed,
                commit: None,
            });
        };
        let record = Record::new(self.last_at, stream, body);
        let writes = view::kept_reply(&record).as_ref().map(view::reply_write);
        let commit = Some(Commit {
            expect,
            writes: writes.transpose()?.into_iter().collect(),
            record,
        });
        Ok(Prepared { executed, commit })
    }
}

/// Returns the answers up to the first conflict. Everything after it is decided again, including requests that had
/// nothing to commit: they may have been answered from staged writes that were not committed.
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

/// The stream of a command: the order, or a payment id that no order here has.
fn stream_of(group: &Group, command: &Command) -> Stream {
    if let Some(order) = &group.order {
        return Stream::Order(order.core().id.clone());
    }
    match command.target() {
        Target::Order(id) => Stream::Order(id),
        Target::Payment(id) => Stream::Stray(id),
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
