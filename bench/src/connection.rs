//! One connection of the load: a request on its way out, an answer on its way in, never waiting.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use mio::{Interest, Poll, Token};

use crate::failure::{Failure, While};
use crate::http;
use crate::requests::Step;

const LARGEST_ANSWER: usize = 64 * 1024;

/// With one request at a time.
pub(crate) struct Connection {
    stream: mio::net::TcpStream,
    pub(crate) step: Option<Step>,
    pub(crate) asked_at: Instant,
    pub(crate) request: Vec<u8>,
    sent: usize,
    answer: Vec<u8>,
    filled: usize,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr, index: usize, poll: &Poll) -> Result<Self, Failure> {
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

    pub(crate) fn begin(&mut self, now: Instant) {
        (self.sent, self.filled, self.asked_at) = (0, 0, now);
    }

    pub(crate) fn received(&self) -> &[u8] {
        self.answer.get(..self.filled).unwrap_or_default()
    }

    pub(crate) fn write(&mut self) -> Result<(), Failure> {
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
    pub(crate) fn read(&mut self) -> Result<bool, Failure> {
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
