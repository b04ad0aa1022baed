//! Crash test: the server is a separate process, killed under load again and again over the same directory.
//! Acknowledgements are kept outside it. After each kill a copy of the directory is verified, the server is started
//! (and now and then killed while it starts), and everything it ever acknowledged has to be there, answered with the
//! same bytes. Now and then the index is damaged before that start: still nothing may be wrong or missing, and no
//! start may fail.

mod acknowledged;
mod chance;
mod check;
mod copy;
mod harm;
mod load;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::caller::Caller;
use crate::program::{self, Program};
use crate::{secrets, until};
use acknowledged::Acknowledged;
use chance::Chance;
use check::Checked;

/// How many cycles back every single acknowledgement is looked at again; the last cycle looks at all.
const CYCLES_BACK: u32 = 1;

/// Runs the cycles; whether nothing was lost.
pub async fn run(cycles: u32, seed: u64) -> bool {
    let folder = fresh_folder();
    println!("seed {seed}, {cycles} cycles, in {}", folder.display());
    let mut site = Site {
        data: folder.join("data"),
        copy: folder.join("copy"),
        log: folder.join("log"),
        chance: Chance::new(seed),
        acknowledged: Arc::default(),
        checked: Checked::default(),
    };
    let mut lost = 0;
    for cycle in 1..=cycles {
        let problems = site.cycle(cycle, cycle == cycles).await;
        for problem in &problems {
            println!("  LOST {problem}");
        }
        lost += problems.len();
    }
    if lost == 0 {
        // What is of no more use would only fill the disk.
        std::fs::remove_dir_all(&folder).ok();
        println!("Nothing was lost in {cycles} kills.");
    } else {
        println!(
            "{lost} problems; seed {seed}; what is left is in {}",
            folder.display()
        );
    }
    lost == 0
}

/// A folder beside this program, so that it is on the disk that the build is on.
fn fresh_folder() -> PathBuf {
    let own = std::env::current_exe().expect("this program has a path");
    let folder = own.with_file_name(format!("crash-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

struct Site {
    data: PathBuf,
    copy: PathBuf,
    log: PathBuf,
    chance: Chance,
    acknowledged: Arc<Acknowledged>,
    checked: Checked,
}

/// How a cycle ends its server.
#[derive(Debug, Clone, Copy)]
enum End {
    Killed,
    StoppedInOrder,
}

impl Site {
    async fn cycle(&mut self, cycle: u32, last: bool) -> Vec<String> {
        let before = self.acknowledged.count();
        let end = if self.chance.one_in(8) {
            End::StoppedInOrder
        } else {
            End::Killed
        };
        let enough = before + 20 + self.chance.below(280);
        let (program, _) = self.started().await;
        let workers = load::start(&program.base(), cycle, &mut self.chance, &self.acknowledged);
        // Not a sleep until work is done: a wait for so many acknowledgements, cut at any moment.
        until("the load is acknowledged", || async {
            self.acknowledged.count() >= enough
        })
        .await;
        match end {
            End::Killed => program.kill(),
            End::StoppedInOrder => assert!(program.stop().success(), "it could not stop in order"),
        }
        for worker in workers {
            worker.await.expect("a worker panicked");
        }
        let mut problems = self.verify_copy();
        let harmed = self.harm();
        let kills_at_start = self.kill_while_starting();
        let (program, took) = self.started().await;
        let since = if last {
            0
        } else {
            cycle.saturating_sub(CYCLES_BACK)
        };
        let stranger = Caller::new(&program.base());
        let merchant = stranger.with(secrets::MERCHANT);
        problems.extend(check::states(&merchant, &self.acknowledged, since).await);
        problems.extend(check::repeats(&stranger, &self.acknowledged, since).await);
        problems.extend(
            self.checked
                .feed_and_books(&stranger, &self.acknowledged)
                .await,
        );
        program.kill();
        if harmed.is_some() {
            problems.extend(self.rebuild());
        }
        println!(
            "cycle {cycle:>3}  {end:?}, {kills_at_start} kills while starting, harmed: {}  acknowledged {:>5}  lost {}  start {:>4} ms",
            harmed.as_deref().unwrap_or("nothing"),
            self.acknowledged.count() - before,
            problems.len(),
            took.as_millis(),
        );
        problems
    }

    fn start(&self) -> Program {
        Program::start(
            &self.data,
            &secrets::environment(),
            &["--sandbox"],
            &self.log,
        )
    }

    /// Starts it; how long until it took requests.
    async fn started(&self) -> (Program, Duration) {
        let began = Instant::now();
        let mut program = self.start();
        program.ready().await;
        (program, began.elapsed())
    }

    /// Now and then it does not even get to serving.
    fn kill_while_starting(&mut self) -> u32 {
        let times = if self.chance.one_in(3) { 2 } else { 0 };
        for _ in 0..times {
            let program = self.start();
            // The moment itself is random; nothing is awaited.
            std::thread::sleep(Duration::from_micros(self.chance.below(60_000)));
            program.kill();
        }
        times
    }

    /// In one of three cycles something below `index/` is altered while no server runs.
    fn harm(&mut self) -> Option<String> {
        let index = self.data.join("index");
        self.chance
            .one_in(3)
            .then(|| harm::below(&index, &mut self.chance).expect("files of the index"))
    }

    /// Damage that no request met is repaired, so that the next verification sees a sound index.
    fn rebuild(&self) -> Option<String> {
        let output = program::run(&["rebuild"], &self.data);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then(|| format!("rebuild: {said}"))
    }

    /// The server's own verification, on a copy: it brings the index to the journal's end as a
    /// start would, and compares it key by key with one rebuilt.
    fn verify_copy(&self) -> Vec<String> {
        verified(&self.data, &self.copy).err().into_iter().collect()
    }
}

fn verified(data: &Path, copy: &Path) -> Result<(), String> {
    copy::folder(data, copy).map_err(|error| format!("the copy: {error}"))?;
    let output = program::run(&["verify"], copy);
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && said.contains("Everything holds.") {
        return Ok(());
    }
    Err(format!(
        "verify: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    ))
}
