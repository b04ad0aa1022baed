//! Resources used by processes, from the kernel: CPU by thread, memory, and the CPU of the rest of the machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::failure::{Failure, While};

/// `USER_HZ`: 100 on every Linux there is to meet.
const MICROS_PER_TICK: u64 = 10_000;

/// CPU so far, in microseconds.
#[derive(Default, Clone)]
pub(crate) struct Cpu {
    pub(crate) total: u64,
    /// By thread name without its number; a thread that ended is only in the total.
    pub(crate) threads: BTreeMap<String, u64>,
}

impl Cpu {
    pub(crate) fn of(pid: u32) -> Result<Self, Failure> {
        let process = format!("/proc/{pid}");
        let (_, total) = read_stat(Path::new(&process))?;
        let mut threads = BTreeMap::new();
        let tasks = format!("{process}/task");
        for task in fs::read_dir(&tasks).when(&tasks)? {
            // A thread may end between the listing and the reading.
            if let Ok((name, micros)) = read_stat(&task.when(&tasks)?.path()) {
                let sum: &mut u64 = threads.entry(name).or_default();
                *sum = sum.saturating_add(micros);
            }
        }
        Ok(Self { total, threads })
    }

    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let threads = self.threads.iter().map(|(name, micros)| {
            let before = earlier.threads.get(name).copied().unwrap_or(0);
            (name.clone(), micros.saturating_sub(before))
        });
        Self {
            total: self.total.saturating_sub(earlier.total),
            threads: threads.collect(),
        }
    }
}

fn read_stat(folder: &Path) -> Result<(String, u64), Failure> {
    let path = folder.join("stat");
    let text = fs::read_to_string(&path).when(path.display())?;
    parse_stat(&text).ok_or_else(|| Failure::new(format!("{}: unreadable", path.display())))
}

/// `1234 (name) S …` with user and system ticks as fields 14 and 15.
fn parse_stat(text: &str) -> Option<(String, u64)> {
    let (before, after) = text.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let mut fields = after.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let name = name.trim_end_matches(|last: char| last.is_ascii_digit() || "-_ #".contains(last));
    let ticks = user.saturating_add(system);
    Some((name.to_owned(), ticks.saturating_mul(MICROS_PER_TICK)))
}

/// Memory in kB, now and at most.
pub(crate) fn resident(pid: u32) -> Result<(u64, u64), Failure> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).when(&path)?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    let both = field("VmRSS:").zip(field("VmHWM:"));
    both.ok_or_else(|| Failure::new(format!("{path}: unreadable")))
}

/// CPU of the whole machine so far, in microseconds, without interrupts (which the network of
/// what is measured causes too), with what the host took away.
pub(crate) fn machine() -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/stat").when("/proc/stat")?;
    parse_machine(&text).ok_or_else(|| Failure::new("/proc/stat: unreadable"))
}

/// `cpu user nice system idle iowait irq softirq steal …`
fn parse_machine(text: &str) -> Option<u64> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line
        .split_ascii_whitespace()
        .map_while(|t| t.parse().ok())
        .collect();
    let busy = [0, 1, 2, 7].into_iter().map(|at| ticks.get(at).copied());
    let busy = busy.sum::<Option<u64>>()?;
    Some(busy.saturating_mul(MICROS_PER_TICK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_known_by_its_name_without_its_number() {
        let text = "77 (tokio-rt (x) 12) S 1 1 1 0 -1 4194624 1 0 0 0 250 50 0 0 20 0 3";
        let read = parse_stat(text).expect("a stat line");
        assert_eq!(read, ("tokio-rt (x)".to_owned(), 3_000_000));
    }

    #[test]
    fn the_machine_is_busy_with_all_but_idling_and_interrupts() {
        let text = "cpu  100 1 10 9999 50 7 8 2 0 0\ncpu0 1 2 3";
        assert_eq!(parse_machine(text), Some(1_130_000));
    }

    #[test]
    fn this_process_has_memory_and_threads() {
        let pid = std::process::id();
        let (now, most) = resident(pid).expect("own status");
        assert!(now > 0 && now <= most);
        assert!(!Cpu::of(pid).expect("own stat").threads.is_empty());
    }
}
