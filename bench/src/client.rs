//! One request at a time on a blocking connection, for checks beside the load.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::failure::{Failure, While};
use crate::http::{self, Answer};

const PATIENCE: Duration = Duration::from_secs(10);

/// A kept connection.
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).when(address)?;
        stream.set_nodelay(true).when(address)?;
        stream.set_read_timeout(Some(PATIENCE)).when(address)?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    pub(crate) fn get(&mut self, path: &str, bearer: &str) -> Result<Answer<'_>, Failure> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {bearer}\r\n\r\n"
        );
        self.send(request.as_bytes())
    }

    /// Sends a rendered request and waits for the whole answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<Answer<'_>, Failure> {
        self.stream.write_all(request).when("sending a request")?;
        self.received.clear();
        let mut chunk = vec![0; 16 * 1024];
        while http::parse(&self.received)?.is_none() {
            let read = self.stream.read(&mut chunk).when("reading an answer")?;
            if read == 0 {
                return Err(Failure::new("the server closed a connection"));
            }
            self.received.extend(chunk.iter().take(read));
        }
        let answer = http::parse(&self.received)?;
        answer.ok_or_else(|| Failure::new("an answer vanished"))
    }
}
