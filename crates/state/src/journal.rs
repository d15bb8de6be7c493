//! Journal of a process: an append-only file of its spending and its calls, from which the backing is updated.
//!
//! A record is in the file once `append` has returned: a single `write` of whole lines, which the kernel keeps whatever
//! happens to the process. It does not survive a crash of the machine: nothing is synced to disk.

use crate::record::Record;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The maximum number of bytes read at once.
const MOST_READ: u64 = 1 << 20;

/// The journal of this process.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    length: u64,
    /// Data that could not be written yet.
    pending: Vec<u8>,
}

/// Records read from a journal.
#[derive(Debug, Default)]
pub struct Records {
    /// The records.
    pub records: Vec<Record>,
    /// The position after them.
    pub end: u64,
}

/// The directory of the journals, next to a database.
pub fn directory(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".journals");
    PathBuf::from(name)
}

/// The journal of a member.
pub fn path(directory: &Path, member: &str) -> PathBuf {
    directory.join(format!("{member}.jsonl"))
}

/// Makes created files readable by the user alone.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Creates the directory of the journals, readable by the user alone.
pub fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

impl Journal {
    /// Creates the journal at `path`.
    pub fn create(path: PathBuf) -> io::Result<Self> {
        let file = private(OpenOptions::new().append(true).create_new(true)).open(&path)?;
        Ok(Self { file, path, length: 0, pending: Vec::new() })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether everything appended has been written to the file.
    pub fn is_written(&self) -> bool {
        self.pending.is_empty()
    }

    /// Appends a record. If the file cannot be written (a full disk), the record is kept in memory until it can.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        serde_json::to_writer(&mut self.pending, record)?;
        self.pending.push(b'\n');
        self.write()
    }

    /// Writes what could not be written earlier.
    pub fn write(&mut self) -> io::Result<()> {
        while !self.pending.is_empty() {
            let count = match self.file.write(&self.pending) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.pending.drain(..count);
            self.length = self.length.saturating_add(count as u64);
        }
        Ok(())
    }
}

/// Reads the records of a journal from a position on, ignoring an incomplete last line. A missing file has none.
pub fn read(path: &Path, from: u64) -> io::Result<Records> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Records { records: Vec::new(), end: from });
        }
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    let whole = loop {
        let count = (&mut file).take(MOST_READ).read_to_end(&mut bytes)?;
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => break last + 1,
            // Not even one line is complete, and there is more.
            None if count as u64 == MOST_READ => {}
            None => break 0,
        }
    };
    let lines = bytes.get(..whole).unwrap_or_default();
    let mut records = Vec::new();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(record) => records.push(record),
            // From a later version, or damaged: the others still count.
            Err(error) => {
                tracing::warn!(target: "ferrule", "{}: a line that cannot be read: {error}", path.display());
            }
        }
    }
    Ok(Records { records, end: from.saturating_add(whole as u64) })
}
