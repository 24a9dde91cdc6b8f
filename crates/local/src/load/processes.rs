//! What the processes of the system take of memory, as Linux tells it. Elsewhere nothing is told.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::time::Duration;

use serde::Serialize;

/// The name by which the processes of a function are known.
const FUNCTION: &str = "AWS_LAMBDA_FUNCTION_NAME=";

/// What processes of one kind took.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProcessUse {
    /// Whose they are: a function's, the engine's, or the driver's, in which the model is.
    pub name: String,
    /// How many there were at once at most.
    pub most: usize,
    /// The most memory that one of them had at any time, in KiB.
    pub largest_kib: u64,
    /// The most memory that all of them had together, in KiB.
    pub together_kib: u64,
    /// How long they had a core, all of them together, in seconds; at least, since what one does after it is looked at for
    /// the last time is not in it.
    pub cpu_seconds: f64,
}

/// How many parts of a second Linux counts a process's time in, on every machine that it is built for here.
const TICKS: f64 = 100.0;

impl fmt::Display for ProcessUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |kib: u64| kib.div_ceil(1024);
        write!(
            f,
            "{}: {} at once, {} MiB at most in one, {} MiB together, {:.0} s of a core",
            self.name,
            self.most,
            mib(self.largest_kib),
            mib(self.together_kib),
            self.cpu_seconds
        )
    }
}

/// The processes of a group, and this one.
pub(super) struct Processes {
    group: u32,
    used: BTreeMap<String, ProcessUse>,
    /// Of each process its name and the ticks that it had.
    ticks: BTreeMap<u32, (String, u64)>,
}

impl Processes {
    pub(super) fn of(group: u32) -> Self {
        Self { group, used: BTreeMap::new(), ticks: BTreeMap::new() }
    }

    /// Looks at them again and again, and never ends.
    pub(super) async fn watch(&mut self, pause: Duration) {
        loop {
            self.look();
            tokio::time::sleep(pause).await;
        }
    }

    pub(super) fn used(mut self) -> Vec<ProcessUse> {
        for (name, ticks) in self.ticks.into_values() {
            if let Some(used) = self.used.get_mut(&name) {
                used.cpu_seconds += f64::from(u32::try_from(ticks).unwrap_or(u32::MAX)) / TICKS;
            }
        }
        self.used.into_values().collect()
    }

    fn look(&mut self) {
        let mut now: BTreeMap<String, (usize, u64)> = BTreeMap::new();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
        for id in ids {
            // One that ends meanwhile is not there.
            let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
            let Some(name) = self.name(id, &stat) else { continue };
            let Some((resident, most)) = memory(&fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default())
            else {
                continue;
            };
            self.ticks.insert(id, (name.clone(), ticks(&stat).unwrap_or_default()));
            let used = self
                .used
                .entry(name.clone())
                .or_insert_with(|| ProcessUse { name: name.clone(), ..ProcessUse::default() });
            used.largest_kib = used.largest_kib.max(most);
            let (number, together) = now.entry(name).or_default();
            *number += 1;
            *together += resident;
        }
        for (name, (number, together)) in now {
            if let Some(used) = self.used.get_mut(&name) {
                used.most = used.most.max(number);
                used.together_kib = used.together_kib.max(together);
            }
        }
    }

    /// Whose process it is; none of whose group this is not.
    fn name(&self, id: u32, stat: &str) -> Option<String> {
        if id == std::process::id() {
            return Some("driver and model".to_owned());
        }
        if group(stat)? != self.group {
            return None;
        }
        if id == self.group {
            return Some("engine".to_owned());
        }
        let environment = fs::read(format!("/proc/{id}/environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        variables.find_map(|variable| variable.strip_prefix(FUNCTION).map(str::to_owned))
    }
}

/// The process group in a line of `/proc/PID/stat`.
fn group(stat: &str) -> Option<u32> {
    after_name(stat)?.nth(2)?.parse().ok()
}

/// How many ticks a process had, its own and the system's for it.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = after_name(stat)?.skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// The fields after the program's name, which stands in brackets and may hold anything.
fn after_name(stat: &str) -> Option<impl Iterator<Item = &str>> {
    Some(stat.rsplit_once(") ")?.1.split(' '))
}

/// What a process has, and had at most, of memory, in KiB.
fn memory(status: &str) -> Option<(u64, u64)> {
    let of =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok());
    Some((of("VmRSS:")?, of("VmHWM:")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_tells_of_a_process_is_read() {
        let stat = "4711 (a b) c) S 1 4700 4700 0 -1 4194560 1 2 3 4 150 50 0 0 20 0";
        assert_eq!((group(stat), ticks(stat)), (Some(4700), Some(200)));
        let status = "Name:\tbootstrap\nVmHWM:\t   12288 kB\nVmRSS:\t   10240 kB\nThreads:\t3\n";
        assert_eq!(memory(status), Some((10_240, 12_288)));
        assert_eq!((group(""), ticks(""), memory("")), (None, None, None));
    }
}
