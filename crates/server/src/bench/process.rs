//! What a process and a folder use, as the kernel counts it (Linux `/proc`).

use std::fs;
use std::path::Path;

/// Peak resident memory in MB.
pub fn peak_rss_mb(pid: u32) -> Option<f64> {
    status_mb(pid, "VmHWM:")
}

/// Resident memory in MB.
pub fn rss_mb(pid: u32) -> Option<f64> {
    status_mb(pid, "VmRSS:")
}

fn status_mb(pid: u32, name: &str) -> Option<f64> {
    field_mb(
        &fs::read_to_string(format!("/proc/{pid}/status")).ok()?,
        name,
    )
}

/// The kilobytes beside a name, in MB.
fn field_mb(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kb: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kb / 1_024.0)
}

/// Seconds of processor time so far, user and system.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    cpu_of(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The same of a process and all below it, those that ended and were waited for included.
pub fn cpu_seconds_of_tree(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let own = ticks(&stat, 11..=14).unwrap_or(0.0) / 100.0;
    own + children(pid)
        .into_iter()
        .map(cpu_seconds_of_tree)
        .sum::<f64>()
}

fn children(pid: u32) -> Vec<u32> {
    // A child is listed under the thread that made it.
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let lists = threads
        .into_iter()
        .flatten()
        .flatten()
        .map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    lists
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|id| id.parse().ok())
                .collect::<Vec<u32>>()
        })
        .collect()
}

fn cpu_of(stat: &str) -> Option<f64> {
    // USER_HZ is 100 on every Linux that Rust's std supports.
    Some(ticks(stat, 11..=12)? / 100.0)
}

/// Some fields of a `stat` together: 11 and 12 are the process's own time, 13 and 14 that of
/// its children that ended.
fn ticks(stat: &str, fields: std::ops::RangeInclusive<usize>) -> Option<f64> {
    // The second field is the name in brackets, which may hold spaces.
    let rest = stat.rsplit_once(')')?.1;
    let all: Vec<&str> = rest.split_whitespace().collect();
    all.get(fields)?
        .iter()
        .map(|field| field.parse::<f64>().ok())
        .sum()
}

/// The machine, in a line.
pub fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?
                .split_once(':')
                .map(|(_, name)| name.trim().to_owned())
        })
        .unwrap_or_else(|| "unknown processor".into());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let gigabytes = field_mb(&memory, "MemTotal:").unwrap_or(0.0) / 1_024.0;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{cores} cores, {model}, {gigabytes:.0} GB, Linux {}",
        kernel.trim()
    )
}

/// Bytes of the files in a store's folder whose names end so.
pub fn folder_bytes(folder: &Path, ending: &str) -> u64 {
    let Ok(files) = fs::read_dir(folder) else {
        return 0;
    };
    files
        .flatten()
        .filter(|file| file.file_name().to_string_lossy().ends_with(ending))
        // A file may go while we look.
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_kernel_are_understood() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 500 0 0 0 150 25 40 3 20 0 5 0";
        assert_eq!(cpu_of(stat), Some(1.75));
        assert_eq!(ticks(stat, 11..=14), Some(218.0));
        let status = "Name:\ttidings\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\n";
        assert_eq!(field_mb(status, "VmRSS:"), Some(1.0));
        assert_eq!(field_mb(status, "VmSwap:"), None);
    }

    #[test]
    fn a_tree_has_what_its_children_used() {
        let shell = std::process::Command::new("/bin/sh")
            .args(["-c", "sleep 60 & echo; wait"])
            .stdout(std::process::Stdio::piped())
            .spawn();
        let mut shell = shell.unwrap();
        let mut line = [0];
        std::io::Read::read_exact(&mut shell.stdout.take().unwrap(), &mut line).unwrap();
        let below = children(shell.id());
        assert_eq!(below.len(), 1);
        assert!(cpu_seconds_of_tree(shell.id()) >= 0.0);
        let ended = std::process::Command::new("kill")
            .arg(below[0].to_string())
            .status();
        assert!(ended.unwrap().success());
        shell.wait().unwrap();
        assert!(children(shell.id()).is_empty());
    }

    #[test]
    fn a_folder_is_measured_by_the_ends_of_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.db"), [0; 10]).unwrap();
        fs::write(folder.path().join("a.db-wal"), [0; 7]).unwrap();
        assert_eq!(folder_bytes(folder.path(), ""), 17);
        assert_eq!(folder_bytes(folder.path(), "-wal"), 7);
        assert_eq!(folder_bytes(&folder.path().join("none"), ""), 0);
    }
}
