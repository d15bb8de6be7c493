//! Members and calls in the database.

use super::{counters, schema::number};
use crate::{
    backing::{Away, MEMBER_LIFE},
    record::CallRecord,
};
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn ensure(connection: &Connection, member: &str, now: i64) -> Result<(), Away> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO members (id, seen) VALUES (?1, ?2)")?
        .execute(params![member, now])?;
    Ok(())
}

pub(super) fn begin(connection: &Connection, member: &str, journal: &str, now: i64) -> Result<(), Away> {
    ensure(connection, member, now)?;
    connection
        .execute("INSERT OR IGNORE INTO journals (id, member) VALUES (?1, ?2)", params![journal, member])?;
    Ok(())
}

/// The owner of a journal, and how far it has been booked.
pub(super) fn journal(connection: &Connection, journal: &str) -> Result<Option<(String, u64)>, Away> {
    let mut select = connection.prepare_cached("SELECT member, booked FROM journals WHERE id = ?1")?;
    let found = select.query_row(params![journal], |row| {
        Ok((row.get(0)?, u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default()))
    });
    Ok(found.optional()?)
}

pub(super) fn booked_to(connection: &Connection, journal: &str, to: u64) -> Result<(), Away> {
    let mut update = connection.prepare_cached("UPDATE journals SET booked = ?2 WHERE id = ?1")?;
    update.execute(params![journal, number(to)])?;
    Ok(())
}

pub(super) fn beat(connection: &Connection, member: &str, now: i64) -> Result<(usize, Vec<String>), Away> {
    ensure(connection, member, now)?;
    connection
        .prepare_cached("UPDATE members SET seen = ?2, is_buried = 0 WHERE id = ?1")?
        .execute(params![member, now])?;
    // If it had been declared dead, its blocks are its own again.
    connection
        .prepare_cached("UPDATE blocks SET buried_at = NULL WHERE member = ?1 AND buried_at IS NOT NULL")?
        .execute(params![member])?;
    let mut select = connection.prepare_cached("SELECT id, seen FROM members WHERE NOT is_buried")?;
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let (mut living, mut dead) = (0, Vec::new());
    for row in rows {
        let (id, seen) = row?;
        if seen < now.saturating_sub(MEMBER_LIFE) {
            dead.push(id);
        } else {
            living += 1;
        }
    }
    Ok((living, dead))
}

pub(super) fn bury(connection: &Connection, member: &str, now: i64) -> Result<(), Away> {
    // It may have sent a heartbeat since.
    let count = connection
        .prepare_cached("UPDATE members SET is_buried = 1 WHERE id = ?1 AND seen < ?2")?
        .execute(params![member, now.saturating_sub(MEMBER_LIFE)])?;
    if count > 0 {
        counters::bury(connection, member, now)?;
    }
    Ok(())
}

pub(super) fn forget(connection: &Connection, journal: &str) -> Result<(), Away> {
    connection.execute("DELETE FROM journals WHERE id = ?1", params![journal])?;
    Ok(())
}

pub(super) fn leave(connection: &Connection, member: &str) -> Result<(), Away> {
    // It has returned what it held; otherwise that is never reported.
    let seen =
        connection.query_row("SELECT seen FROM members WHERE id = ?1", params![member], |row| row.get(0));
    if let Some(seen) = seen.optional()? {
        counters::bury(connection, member, seen)?;
    }
    connection.execute("DELETE FROM members WHERE id = ?1", params![member])?;
    Ok(())
}

pub(super) fn journals(connection: &Connection) -> Result<Vec<(String, String, i64)>, Away> {
    let mut select = connection.prepare_cached(
        "SELECT journals.id, member, coalesce(seen, 0) FROM journals LEFT JOIN members ON members.id = member",
    )?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let found: rusqlite::Result<Vec<(String, String, i64)>> = rows.collect();
    Ok(found?)
}

/// Records a call, once.
pub(super) fn note(connection: &Connection, call: &CallRecord) -> Result<(), Away> {
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO calls (id, at, provider, model, alias, metadata, \"end\", input_tokens, output_tokens, \
         cache_read_tokens, cache_write_tokens, reasoning_tokens, cost) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    let metadata = serde_json::to_string(&call.metadata).map_err(|error| Away(error.to_string()))?;
    insert.execute(params![
        call.id,
        call.at,
        call.provider,
        call.model,
        call.alias,
        metadata,
        call.end,
        call.input_tokens.map(number),
        call.output_tokens.map(number),
        call.cache_read_tokens.map(number),
        call.cache_write_tokens.map(number),
        call.reasoning_tokens.map(number),
        call.cost.map(|cost| cost.to_string()),
    ])?;
    Ok(())
}
