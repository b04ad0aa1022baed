//! The load: some connections, each asking again as soon as it has its answer, driven by one
//! thread without a runtime, because every microsecond spent here is taken from what is measured.
//!
//! Closed loop: with N connections never more than N requests are under way, and a latency is what
//! its connection waited, from before the write to after the answer is whole. An answer that is
//! not exactly what was expected ends the run.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::failure::{Failure, While};
use crate::histogram::Histogram;
use crate::http::{self, Answer};
use crate::requests::Step;

/// An answer this late is a failure of its own.
const PATIENCE: Duration = Duration::from_secs(30);
const LARGEST_ANSWER: usize = 64 * 1024;

/// What the connections of one thread ask, and what they must hear.
pub(crate) trait Workload: Send {
    /// Renders the next request of a connection; `None` when there is no more work for it.
    fn request(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Step>;
    /// Checks the answer to it.
    fn answer(&mut self, connection: usize, answer: &Answer<'_>) -> Result<(), Failure>;
}

/// How long to go on.
#[derive(Clone, Copy)]
pub(crate) enum Span {
    /// Until the workload has no more work; everything counts.
    Whole,
    /// Counting begins after the warm-up and ends after the time, or when work runs out.
    Timed { warm_up: Duration, time: Duration },
}

/// What was counted. Requests under way at the end are waited for and checked, and not counted.
#[derive(Default, Clone)]
pub(crate) struct Counted {
    pub(crate) elapsed: Duration,
    pub(crate) all: Histogram,
    /// With those before and after the counting: what CPU and bytes are divided by.
    pub(crate) answered: u64,
    steps: [Histogram; Step::ALL.len()],
}

impl Counted {
    pub(crate) fn per_second(&self) -> u64 {
        let micros = u64::try_from(self.elapsed.as_micros()).unwrap_or(u64::MAX);
        let scaled = self.all.count().saturating_mul(1_000_000);
        scaled.checked_div(micros).unwrap_or(0)
    }

    pub(crate) fn step(&self, step: Step) -> Option<&Histogram> {
        let at = Step::ALL.iter().position(|other| *other == step)?;
        self.steps.get(at)
    }

    fn record(&mut self, step: Step, nanoseconds: u64) {
        self.all.record(nanoseconds);
        let at = Step::ALL.iter().position(|other| *other == step);
        if let Some(histogram) = at.and_then(|at| self.steps.get_mut(at)) {
            histogram.record(nanoseconds);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.elapsed = self.elapsed.max(other.elapsed);
        self.all.merge(&other.all);
        self.answered = self.answered.saturating_add(other.answered);
        for (mine, theirs) in self.steps.iter_mut().zip(&other.steps) {
            mine.merge(theirs);
        }
    }
}

/// Drives one thread per workload, the connections divided among them.
pub(crate) fn drive<W: Workload>(
    address: SocketAddr,
    connections: usize,
    span: Span,
    workloads: &mut [W],
) -> Result<Counted, Failure> {
    let window = Window::new(span);
    let threads = workloads.len().max(1);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = workloads
            .iter_mut()
            .enumerate()
            .map(|(thread, workload)| {
                let share = (thread..connections).step_by(threads).count();
                scope.spawn(move || Loop::new(address, share, window, workload)?.run())
            })
            .collect();
        started
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    let mut counted = Counted::default();
    for outcome in outcomes {
        let outcome = outcome.map_err(|_| Failure::new("a generator thread panicked"))?;
        counted.merge(&outcome?);
    }
    Ok(counted)
}

/// When counting begins and ends.
#[derive(Clone, Copy)]
struct Window {
    begin: Instant,
    end: Option<Instant>,
}

impl Window {
    fn new(span: Span) -> Self {
        let now = Instant::now();
        match span {
            Span::Whole => Self {
                begin: now,
                end: None,
            },
            Span::Timed { warm_up, time } => {
                let begin = now.checked_add(warm_up).unwrap_or(now);
                Self {
                    begin,
                    end: begin.checked_add(time),
                }
            }
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.end.is_some_and(|end| now >= end)
    }
}

struct Loop<'a, W> {
    poll: Poll,
    connections: Vec<Connection>,
    busy: usize,
    window: Window,
    /// When the first connection found no more work, inside the window.
    dry_at: Option<Instant>,
    workload: &'a mut W,
    counted: Counted,
}

impl<'a, W: Workload> Loop<'a, W> {
    fn new(
        address: SocketAddr,
        connections: usize,
        window: Window,
        workload: &'a mut W,
    ) -> Result<Self, Failure> {
        let poll = Poll::new().when("epoll")?;
        let connect = |index| Connection::open(address, index, &poll);
        let connections = (0..connections).map(connect).collect::<Result<_, _>>()?;
        Ok(Self {
            poll,
            connections,
            busy: 0,
            window,
            dry_at: None,
            workload,
            counted: Counted::default(),
        })
    }

    fn run(mut self) -> Result<Counted, Failure> {
        for index in 0..self.connections.len() {
            self.ask(index, Instant::now())?;
        }
        let mut events = Events::with_capacity(1024);
        while self.busy > 0 {
            match self.poll.poll(&mut events, Some(PATIENCE)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.when("epoll")?,
            }
            if events.is_empty() {
                let waited = PATIENCE.as_secs();
                return Err(Failure::new(format!("no answer for {waited} s")));
            }
            for event in &events {
                self.go_on(event.token().0)?;
            }
        }
        self.counted.elapsed = self.elapsed(Instant::now());
        Ok(self.counted)
    }

    /// Writes what is left of the request, reads what there is of the answer, asks again.
    fn go_on(&mut self, index: usize) -> Result<(), Failure> {
        let Some(connection) = self.connections.get_mut(index) else {
            return Ok(());
        };
        let Some(step) = connection.step else {
            return Ok(());
        };
        connection.write()?;
        if !connection.read()? {
            return Ok(());
        }
        let now = Instant::now();
        let answer = http::parse(connection.received())?;
        let answer = answer.ok_or_else(|| Failure::new("an answer vanished"))?;
        self.workload.answer(index, &answer)?;
        let waited = now.saturating_duration_since(connection.asked_at);
        connection.step = None;
        self.busy = self.busy.saturating_sub(1);
        self.counted.answered = self.counted.answered.saturating_add(1);
        if now >= self.window.begin && !self.window.is_over(now) && self.dry_at.is_none() {
            let nanoseconds = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
            self.counted.record(step, nanoseconds);
        }
        if self.window.is_over(now) {
            return Ok(());
        }
        self.ask(index, now)
    }

    fn ask(&mut self, index: usize, now: Instant) -> Result<(), Failure> {
        let Some(connection) = self.connections.get_mut(index) else {
            return Ok(());
        };
        connection.step = self.workload.request(index, &mut connection.request);
        if connection.step.is_none() {
            // Untimed work ends raggedly and all of it counts.
            self.dry_at = self.dry_at.or(self.window.end.and(Some(now)));
            return Ok(());
        }
        self.busy = self.busy.saturating_add(1);
        connection.begin(Instant::now());
        connection.write()
    }

    fn elapsed(&self, now: Instant) -> Duration {
        let end = self
            .window
            .end
            .unwrap_or(now)
            .min(self.dry_at.unwrap_or(now));
        end.saturating_duration_since(self.window.begin)
    }
}

struct Connection {
    stream: mio::net::TcpStream,
    step: Option<Step>,
    asked_at: Instant,
    request: Vec<u8>,
    sent: usize,
    answer: Vec<u8>,
    filled: usize,
}

impl Connection {
    fn open(address: SocketAddr, index: usize, poll: &Poll) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).when(address)?;
        stream.set_nodelay(true).when(address)?;
        stream.set_nonblocking(true).when(address)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        let both = Interest::READABLE | Interest::WRITABLE;
        let registry = poll.registry();
        registry
            .register(&mut stream, Token(index), both)
            .when("epoll")?;
        Ok(Self {
            stream,
            step: None,
            asked_at: Instant::now(),
            request: Vec::with_capacity(2048),
            sent: 0,
            answer: vec![0; 4096],
            filled: 0,
        })
    }

    fn begin(&mut self, now: Instant) {
        (self.sent, self.filled, self.asked_at) = (0, 0, now);
    }

    fn received(&self) -> &[u8] {
        self.answer.get(..self.filled).unwrap_or_default()
    }

    fn write(&mut self) -> Result<(), Failure> {
        while let Some(rest) = self
            .request
            .get(self.sent..)
            .filter(|rest| !rest.is_empty())
        {
            match self.stream.write(rest) {
                Ok(written) => self.sent = self.sent.saturating_add(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error).when("sending a request"),
            }
        }
        Ok(())
    }

    /// Whether the answer is whole. Then nothing more is expected, and the next bytes will be
    /// told of by a new edge: the read that would find nothing is saved.
    fn read(&mut self) -> Result<bool, Failure> {
        loop {
            if self.filled == self.answer.len() {
                self.grow()?;
            }
            let room = self.answer.get_mut(self.filled..).unwrap_or_default();
            match self.stream.read(room) {
                Ok(0) => return Err(Failure::new("the server closed a connection")),
                Ok(read) => self.filled = self.filled.saturating_add(read),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error).when("reading an answer"),
            }
            if let Some(answer) = http::parse(self.received())? {
                return if answer.bytes() == self.filled {
                    Ok(true)
                } else {
                    Err(Failure::new("more than one answer to one request"))
                };
            }
        }
    }

    fn grow(&mut self) -> Result<(), Failure> {
        if self.answer.len() >= LARGEST_ANSWER {
            return Err(Failure::new("an answer longer than any expected"));
        }
        self.answer.resize(self.answer.len().saturating_mul(2), 0);
        Ok(())
    }
}
