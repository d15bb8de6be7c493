//! Schema of the database, and its connections.

use crate::{backing::Away, journal};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    fs::OpenOptions,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// The schema version that this code reads and writes.
const VERSION: i64 = 1;

/// Amounts are stored as text: SQLite's integers have 64 bits, amounts of money 128.
const TABLES: &str = "
CREATE TABLE members (
    id TEXT PRIMARY KEY,
    seen INTEGER NOT NULL,
    is_buried INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE journals (
    id TEXT PRIMARY KEY,
    member TEXT NOT NULL,
    booked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE counters (
    id INTEGER PRIMARY KEY,
    name TEXT UNIQUE NOT NULL,
    window TEXT NOT NULL,
    rolling INTEGER,
    is_places INTEGER NOT NULL,
    period INTEGER NOT NULL DEFAULT 0,
    ends_at INTEGER,
    reported TEXT NOT NULL DEFAULT '0',
    estimated TEXT NOT NULL DEFAULT '0',
    topped_up TEXT NOT NULL DEFAULT '0',
    wanted_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX counters_wanted ON counters (wanted_at);
CREATE TABLE slots (
    counter INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    reported TEXT NOT NULL DEFAULT '0',
    estimated TEXT NOT NULL DEFAULT '0',
    topped_up TEXT NOT NULL DEFAULT '0',
    PRIMARY KEY (counter, slot)
) WITHOUT ROWID;
CREATE TABLE blocks (
    counter INTEGER NOT NULL,
    member TEXT NOT NULL,
    amount TEXT NOT NULL,
    buried_at INTEGER,
    PRIMARY KEY (counter, member)
) WITHOUT ROWID;
CREATE INDEX blocks_member ON blocks (member);
CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    alias TEXT,
    metadata TEXT NOT NULL,
    \"end\" TEXT NOT NULL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_write_tokens INTEGER,
    reasoning_tokens INTEGER,
    cost TEXT
) WITHOUT ROWID;
CREATE INDEX calls_at ON calls (at);
PRAGMA user_version = 1;
";

/// A number as SQLite stores it.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Parses a stored amount.
pub(super) fn amount(text: &str) -> Result<u128, Away> {
    text.parse().map_err(|_| Away("the database has an amount that is not a number".to_owned()))
}

pub(super) fn connect(path: &Path, busy: Duration) -> Result<Connection, Away> {
    // SQLite's files next to it get the same permissions.
    match journal::private(OpenOptions::new().write(true).create_new(true)).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy)?;
    let until = Instant::now() + busy;
    while let Err(error) = begin(&mut connection) {
        // Changing a database's mode does not wait for others that do the same.
        let is_busy =
            matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
        if !is_busy || Instant::now() > until {
            return Err(error.into());
        }
        pause();
    }
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version != VERSION {
        return Err(Away(format!(
            "it was made by another version of ferrule (its format is {version}, and this one has {VERSION})"
        )));
    }
    Ok(connection)
}

/// A short pause: changing the mode takes a moment.
#[expect(clippy::disallowed_methods, reason = "SQLite has no way to wait for it")]
fn pause() {
    thread::sleep(Duration::from_millis(5));
}

fn begin(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;")?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let is_empty: bool =
        transaction.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
    if version == 0 && is_empty {
        transaction.execute_batch(TABLES)?;
    }
    transaction.commit()
}
