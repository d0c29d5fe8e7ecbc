//! Standard output and standard error, which may be closed, full, or connected to a program that has stopped reading.
//!
//! `print!` and `eprint!` panic if they cannot write, so no other file of `src/` writes to the two streams
//! (`tests/it/architecture/output.rs`). Results of commands report an error of standard output. The log has nobody to
//! report to: a line that cannot be written is lost and counted, and no request waits for the log.
//!
//! `tracing-appender` does not serve: it calls `println!` itself when its reader has stopped reading, and does not
//! count the lines whose write fails.

use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};
use std::thread;
use std::time::Duration;

/// Log lines that wait to be written. More of them are lost instead of taking memory.
const QUEUE_LENGTH: usize = 4096;

/// The longest that the end of the program waits for the log.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// The log lines that this process has lost.
static LOST_LINES: AtomicU64 = AtomicU64::new(0);

/// Prints text to standard output.
///
/// # Errors
/// A standard output that cannot be written; [`ErrorKind::BrokenPipe`] if its reader has ended.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

/// Prints a line to standard error, if standard error can be written.
pub(crate) fn print_error(line: &str) {
    // The exit code reports the failure, too.
    writeln!(io::stderr(), "{line}").ok();
}

/// Returns whether standard error is a terminal.
pub(crate) fn is_error_terminal() -> bool {
    io::stderr().is_terminal()
}

/// The number of log lines that this process has lost.
pub(crate) fn lost_log_lines() -> u64 {
    LOST_LINES.load(Ordering::Relaxed)
}

#[derive(Debug)]
enum Entry {
    Line(Vec<u8>),
    /// A request for an answer once all earlier lines are written.
    Flush(SyncSender<()>),
}

/// The log lines on their way to standard error, which a thread of its own writes. A write to the queue neither waits
/// nor fails.
#[derive(Debug, Clone)]
pub(crate) struct LogQueue {
    entries: SyncSender<Entry>,
    lost_lines: &'static AtomicU64,
}

impl LogQueue {
    /// A queue of lines for standard error. Once lines can be written again, a warning says how many were lost.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn to_standard_error() -> io::Result<Self> {
        let report = |lost_lines| {
            tracing::warn!(lost_lines, "log lines could not be written and were lost since the start");
        };
        Self::new(io::stderr(), &LOST_LINES, report)
    }

    fn new(
        output: impl Write + Send + 'static,
        lost_lines: &'static AtomicU64,
        report: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let (entries, queue) = mpsc::sync_channel(QUEUE_LENGTH);
        let writer =
            LogWriter { output, works: true, is_within_line: false, lost_lines, reported: 0, report };
        thread::Builder::new().name("log".to_owned()).spawn(move || writer.run(&queue))?;
        Ok(Self { entries, lost_lines })
    }

    /// Waits until all earlier lines are written, or the output has been stuck for a second.
    pub(crate) fn flush(&self) {
        let (written, when_written) = mpsc::sync_channel(1);
        if self.entries.try_send(Entry::Flush(written)).is_ok() {
            when_written.recv_timeout(FLUSH_LIMIT).ok();
        }
    }
}

impl Write for LogQueue {
    /// Takes a line; `tracing-subscriber` writes each of them at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.entries.try_send(Entry::Line(line.to_vec())).is_err() {
            self.lost_lines.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The other end of the queue.
struct LogWriter<W, R> {
    output: W,
    /// True if the last line could be written.
    works: bool,
    /// True if the last write ended within a line, as on a disk that became full.
    is_within_line: bool,
    lost_lines: &'static AtomicU64,
    /// The lost lines that the log has mentioned.
    reported: u64,
    report: R,
}

impl<W: Write, R: Fn(u64)> LogWriter<W, R> {
    fn run(mut self, queue: &Receiver<Entry>) {
        while let Ok(entry) = queue.recv() {
            self.take(entry);
            loop {
                match queue.try_recv() {
                    Ok(entry) => self.take(entry),
                    // Only an empty queue certainly has room for the report.
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let lost = self.lost_lines.load(Ordering::Relaxed);
            if self.works && lost > self.reported {
                self.reported = lost;
                (self.report)(lost);
            }
        }
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Line(line) => {
                self.works = self.write_line(&line).is_ok();
                if !self.works {
                    self.lost_lines.fetch_add(1, Ordering::Relaxed);
                }
            }
            // The program may have ended its wait.
            Entry::Flush(written) => drop(written.try_send(())),
        }
    }

    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_within_line {
            self.write_bytes(b"\n")?;
        }
        self.write_bytes(line)
    }

    fn write_bytes(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.output.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = bytes.get(count..).unwrap_or_default();
                    self.is_within_line = !bytes.is_empty();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk with room for a number of bytes.
    #[derive(Debug, Clone, Default)]
    struct Disk {
        written: Arc<Mutex<Vec<u8>>>,
        room: Arc<AtomicUsize>,
    }

    impl Disk {
        fn text(&self) -> String {
            String::from_utf8(self.written.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room.load(Ordering::SeqCst));
            if count == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.room.fetch_sub(count, Ordering::SeqCst);
            self.written.lock().unwrap().extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_for_a_full_disk_are_lost_and_counted_and_the_log_goes_on_when_there_is_room() {
        let disk = Disk::default();
        disk.room.store(8, Ordering::SeqCst);
        let lost_lines: &'static AtomicU64 = Box::leak(Box::default());
        let reports: Arc<Mutex<Vec<u64>>> = Arc::default();
        let told = Arc::clone(&reports);
        let queue = LogQueue::new(disk.clone(), lost_lines, move |lost| told.lock().unwrap().push(lost));
        let mut queue = queue.unwrap();
        for line in ["one\n", "and two\n", "three\n"] {
            assert_eq!(queue.write(line.as_bytes()).unwrap(), line.len());
            LogQueue::flush(&queue);
        }
        assert_eq!(lost_lines.load(Ordering::SeqCst), 2, "half of the second line is no line");
        assert!(reports.lock().unwrap().is_empty(), "there was no room for a report");

        disk.room.store(1000, Ordering::SeqCst);
        queue.write_all(b"four\n").unwrap();
        // The report follows after the line, in the thread of the log.
        let begun = std::time::Instant::now();
        while reports.lock().unwrap().is_empty() && begun.elapsed() < FLUSH_LIMIT * 10 {
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(disk.text(), "one\nand \nfour\n", "a line begins a new line");
        assert_eq!(*reports.lock().unwrap(), [2]);
    }

    #[test]
    fn a_reader_that_has_stopped_reading_stops_nobody() {
        let (reader, writer) = io::pipe().unwrap();
        let lost_lines: &'static AtomicU64 = Box::leak(Box::default());
        let mut queue = LogQueue::new(writer, lost_lines, |_| {}).unwrap();
        let line = vec![b'x'; 1024];
        for _ in 0..QUEUE_LENGTH + 1000 {
            queue.write_all(&line).unwrap();
        }
        assert!(lost_lines.load(Ordering::SeqCst) > 0, "a pipe of Linux holds 64 KiB");
        let begun = std::time::Instant::now();
        LogQueue::flush(&queue);
        assert!(begun.elapsed() < FLUSH_LIMIT * 3);
        drop(reader);
    }
}
