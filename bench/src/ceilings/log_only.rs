//! The second ceiling: hyper and a log. Each body is appended and synced before its request is answered, in group
//! commits by one writer: no engine, no keys, no checks.
//!
//! The file is pre-zeroed and overwritten in a circle, which is what preallocated segments come to
//! without the cost of preparing them.

use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::serve;
use super::sizes::Sizes;
use crate::ceilings::disk::{ZEROED_BYTES, zeroed};
use crate::failure::{Failure, While};

/// As many as the product's writer takes at once would be more than the connections there are.
const QUEUE: usize = 4096;

struct Append {
    body: Bytes,
    synced: oneshot::Sender<()>,
}

/// Serves until killed.
pub(crate) fn run(listen: SocketAddr, sizes: &Sizes, folder: &Path) -> Result<(), Failure> {
    let file = zeroed(&folder.join("log-only"))?;
    let (queue, appends) = sync_channel(QUEUE);
    let writer = thread::Builder::new().name("writer".to_owned());
    let writing = writer.spawn(move || {
        if let Err(error) = write(&file, &appends) {
            eprintln!("the log-only writer stopped: {error}");
        }
    });
    writing.when("starting the writer")?;
    serve(listen, sizes, move |body| kept(queue.clone(), body))
}

async fn kept(queue: SyncSender<Append>, body: Bytes) -> bool {
    let (synced, wait) = oneshot::channel();
    queue.try_send(Append { body, synced }).is_ok() && wait.await.is_ok()
}

/// A batch is everything that arrived while the previous one synced.
fn write(file: &File, appends: &Receiver<Append>) -> std::io::Result<()> {
    let (mut frame, mut batch) = (Vec::new(), Vec::new());
    let mut offset = 0_u64;
    while let Ok(first) = appends.recv() {
        frame.clear();
        for append in std::iter::once(first).chain(appends.try_iter()) {
            let length = u32::try_from(append.body.len()).unwrap_or(u32::MAX);
            frame.extend_from_slice(&length.to_le_bytes());
            frame.extend_from_slice(&append.body);
            batch.push(append.synced);
        }
        let bytes = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        if offset.saturating_add(bytes) > ZEROED_BYTES {
            offset = 0;
        }
        file.write_all_at(&frame, offset)?;
        file.sync_data()?;
        offset = offset.saturating_add(bytes);
        for synced in batch.drain(..) {
            // Its connection may be gone.
            let _ = synced.send(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answered_bodies_are_in_the_file() {
        let path = std::env::temp_dir().join(format!("daegeum-log-only-{}", std::process::id()));
        let file = File::create(&path).expect("a file");
        let (queue, appends) = sync_channel(QUEUE);
        let mut waiting = Vec::new();
        for text in ["one", "two"] {
            let (synced, wait) = oneshot::channel();
            let body = Bytes::from(text);
            queue.send(Append { body, synced }).expect("a reader");
            waiting.push(wait);
        }
        drop(queue);
        let written = write(&file, &appends);
        let bytes = std::fs::read(&path).expect("the file");
        std::fs::remove_file(&path).expect("removed");
        written.expect("no error");
        assert_eq!(bytes, b"\x03\0\0\0one\x03\0\0\0two");
        assert!(waiting.iter_mut().all(|wait| wait.try_recv().is_ok()));
    }
}
