//! The load generator: connections that send the next request as soon as the answer is there, driven by one thread
//! without a runtime, because every microsecond spent here is taken from the server.
//!
//! A closed loop: with N connections never more than N requests are in flight, and a latency is the connection's
//! wait, from before the write to after the whole answer. A wrong answer ends the run.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use crate::connection::Connection;
use crate::failure::{Failure, While};
use crate::histogram::Histogram;
use crate::http::{self, Answer};
use crate::requests::Step;

/// An answer this late is a failure of its own.
const PATIENCE: Duration = Duration::from_secs(30);

/// The requests of one thread's connections, and the checks of their answers.
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

/// The counts. Requests in flight at the end are waited for and checked, and not counted.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    /// Asks a number of times, and wants each connection's own number back.
    struct Numbered {
        left: u64,
        next: u64,
        asked: Vec<u64>,
    }

    impl Numbered {
        fn new(left: u64, connections: usize) -> Self {
            Self {
                left,
                next: 0,
                asked: vec![0; connections],
            }
        }
    }

    impl Workload for Numbered {
        fn request(&mut self, connection: usize, out: &mut Vec<u8>) -> Option<Step> {
            self.left = self.left.checked_sub(1)?;
            self.next = self.next.saturating_add(1);
            self.asked[connection] = self.next;
            *out = format!("GET /{} HTTP/1.1\r\n\r\n", self.next).into_bytes();
            Some(Step::Order)
        }

        fn answer(&mut self, connection: usize, answer: &Answer<'_>) -> Result<(), Failure> {
            if answer.body == self.asked[connection].to_string().as_bytes() {
                return Ok(());
            }
            Err(Failure::new(answer.shown()))
        }
    }

    /// Serves `connections`, each until it is closed, with what `answer` makes of the number.
    fn server(connections: usize, answer: fn(u64) -> String) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            for stream in listener.incoming().take(connections) {
                let stream = stream.expect("a connection");
                thread::spawn(move || serve(&stream, answer));
            }
        });
        address
    }

    fn serve(mut stream: &TcpStream, answer: fn(u64) -> String) {
        for line in io::BufReader::new(stream).lines().map_while(Result::ok) {
            let Some(rest) = line.strip_prefix("GET /") else {
                continue;
            };
            let number = rest
                .split(' ')
                .next()
                .and_then(|digits| digits.parse().ok());
            let text = answer(number.expect("a number"));
            // The generator hangs up on a wrong answer.
            if text.is_empty() || stream.write_all(text.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn number(number: u64) -> String {
        let body = number.to_string();
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn drive_whole(connections: usize, answer: fn(u64) -> String) -> Result<Counted, Failure> {
        let mut workloads = [Numbered::new(500, connections)];
        let address = server(connections, answer);
        drive(address, connections, Span::Whole, &mut workloads)
    }

    #[test]
    fn every_request_is_answered_and_counted_once() {
        let counted = drive_whole(7, number).expect("right answers");
        assert_eq!((counted.all.count(), counted.answered), (500, 500));
        assert_eq!(counted.step(Step::Order).map(Histogram::count), Some(500));
    }

    #[test]
    fn connections_are_shared_by_threads() {
        let mut workloads = [Numbered::new(100, 5), Numbered::new(100, 5)];
        let address = server(5, number);
        let counted = drive(address, 5, Span::Whole, &mut workloads).expect("right answers");
        assert_eq!(counted.answered, 200);
    }

    #[test]
    fn counting_ends_when_work_runs_out() {
        let span = Span::Timed {
            warm_up: Duration::ZERO,
            time: Duration::from_mins(10),
        };
        let mut workloads = [Numbered::new(50, 1)];
        let counted = drive(server(1, number), 1, span, &mut workloads).expect("right answers");
        assert_eq!(counted.all.count(), 50);
        assert!(counted.elapsed < Duration::from_mins(10));
    }

    #[test]
    fn wrong_answer_fails_the_run() {
        let wrong = |n| number(if n == 300 { 0 } else { n });
        assert_eq!(drive_whole(3, wrong).err(), Some(Failure::new("200 0")));
    }

    #[test]
    fn a_closed_connection_and_an_answer_too_many_fail_the_run() {
        assert!(drive_whole(2, |_| String::new()).is_err());
        assert!(drive_whole(2, |n| number(n).repeat(2)).is_err());
    }
}
