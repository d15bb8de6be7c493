//! SQLite backing: one database shared by the processes of a machine.

mod counters;
mod members;
mod schema;

use crate::{
    backing::{Away, Backing, Standing, Want},
    record::Record,
};
use ferrule_admission::Adjustment;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How long an operation waits for those of other processes, which take fractions of a millisecond.
const BUSY: Duration = Duration::from_secs(2);

/// A database.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    connection: Option<Connection>,
}

impl From<rusqlite::Error> for Away {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<std::io::Error> for Away {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

impl Sqlite {
    /// Opens the database at `path`, creating it if necessary; readable by its user alone.
    pub fn open(path: &Path) -> Result<Self, Away> {
        let mut database = Self { path: path.to_owned(), connection: None };
        database.connection()?;
        Ok(database)
    }

    pub(crate) fn connection(&mut self) -> Result<&mut Connection, Away> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => schema::connect(&self.path, BUSY)?,
        };
        Ok(self.connection.insert(connection))
    }

    fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Away>) -> Result<T, Away> {
        let connection = self.connection()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }
}

impl Backing for Sqlite {
    fn take(&mut self, member: &str, wants: &[Want], now: i64) -> Result<Vec<Standing>, Away> {
        self.write(|transaction| {
            members::ensure(transaction, member, now)?;
            wants.iter().map(|want| counters::take(transaction, member, want, now)).collect()
        })
    }

    fn give_back(&mut self, member: &str, parts: &[(Arc<str>, u128)], _now: i64) -> Result<(), Away> {
        self.write(|transaction| {
            parts.iter().try_for_each(|(name, part)| counters::lessen(transaction, member, name, *part))
        })
    }

    fn begin(&mut self, member: &str, journal: &str, now: i64) -> Result<(), Away> {
        self.write(|transaction| members::begin(transaction, member, journal, now))
    }

    fn booked(&mut self, journal: &str) -> Result<Option<u64>, Away> {
        Ok(members::journal(self.connection()?, journal)?.map(|(_, booked)| booked))
    }

    fn book(
        &mut self,
        journal: &str,
        from: u64,
        to: u64,
        records: &[Record],
        now: i64,
    ) -> Result<bool, Away> {
        self.write(|transaction| {
            let found = members::journal(transaction, journal)?;
            let Some((member, _)) = found.filter(|(_, booked)| *booked == from) else { return Ok(false) };
            for record in records {
                match record {
                    Record::Spent(at, bookings) => {
                        for booking in bookings {
                            counters::book(transaction, &member, booking, *at, now)?;
                        }
                    }
                    Record::Call(call) => members::note(transaction, call)?,
                }
            }
            members::booked_to(transaction, journal, to)?;
            Ok(true)
        })
    }

    fn standings(
        &mut self,
        member: &str,
        names: &[Arc<str>],
        now: i64,
    ) -> Result<Vec<(Arc<str>, Standing)>, Away> {
        let connection = self.connection()?;
        let transaction = connection.transaction()?;
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            if let Some(standing) = counters::standing(&transaction, member, name, now)? {
                found.push((Arc::clone(name), standing));
            }
        }
        Ok(found)
    }

    fn wanted(&mut self, now: i64) -> Result<Vec<Arc<str>>, Away> {
        counters::wanted(self.connection()?, now)
    }

    fn beat(&mut self, member: &str, now: i64) -> Result<(usize, Vec<String>), Away> {
        self.write(|transaction| members::beat(transaction, member, now))
    }

    fn bury(&mut self, member: &str, now: i64) -> Result<(), Away> {
        self.write(|transaction| members::bury(transaction, member, now))
    }

    fn forget(&mut self, journal: &str) -> Result<(), Away> {
        self.write(|transaction| members::forget(transaction, journal))
    }

    fn leave(&mut self, member: &str) -> Result<(), Away> {
        self.write(|transaction| members::leave(transaction, member))
    }

    fn journals(&mut self) -> Result<Vec<(String, String, i64)>, Away> {
        members::journals(self.connection()?)
    }

    fn adjust(&mut self, member: &str, want: &Want, adjustment: Adjustment, now: i64) -> Result<(), Away> {
        self.write(|transaction| {
            counters::take(transaction, member, &Want { needed: 0, spare: 0, ..want.clone() }, now)?;
            counters::adjust(transaction, &want.name, adjustment, now)
        })
    }

    fn sweep(&mut self, before: i64, now: i64) -> Result<(), Away> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM calls WHERE at < ?1", params![before])?;
            counters::sweep(transaction, now)
        })
    }

    fn disconnect(&mut self) {
        self.connection = None;
    }
}
