//! Counters in the database: sums over windows, and the blocks held by members.

use super::schema::{amount, number};
use crate::{
    backing::{Away, Standing, Want},
    record::{ANY_PERIOD, Booking},
};
use ferrule_admission::{Adjustment, Slots, Window};
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::Arc;

/// How long holders of blocks are asked to return some, in milliseconds.
const WANTED: i64 = 1_000;

/// A row of `counters`.
struct Counter {
    id: i64,
    window: String,
    rolling: Option<u64>,
    period: u64,
    ends_at: Option<i64>,
    reported: u128,
    estimated: u128,
    topped_up: u128,
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn find(connection: &Connection, name: &str) -> Result<Option<Counter>, Away> {
    let mut select = connection.prepare_cached(
        "SELECT id, window, rolling, period, ends_at, reported, estimated, topped_up FROM counters \
         WHERE name = ?1",
    )?;
    let row = select.query_row(params![name], |row| {
        let sums: [String; 3] = [row.get(5)?, row.get(6)?, row.get(7)?];
        let counter = Counter {
            id: row.get(0)?,
            window: row.get(1)?,
            rolling: row.get::<_, Option<i64>>(2)?.map(unsigned),
            period: unsigned(row.get(3)?),
            ends_at: row.get(4)?,
            reported: 0,
            estimated: 0,
            topped_up: 0,
        };
        Ok((counter, sums))
    });
    let Some((counter, [reported, estimated, topped_up])) = row.optional()? else { return Ok(None) };
    Ok(Some(Counter {
        reported: amount(&reported)?,
        estimated: amount(&estimated)?,
        topped_up: amount(&topped_up)?,
        ..counter
    }))
}

fn save(connection: &Connection, counter: &Counter) -> Result<(), Away> {
    let mut update = connection.prepare_cached(
        "UPDATE counters SET window = ?2, rolling = ?3, period = ?4, ends_at = ?5, reported = ?6, estimated = ?7, \
         topped_up = ?8 WHERE id = ?1",
    )?;
    update.execute(params![
        counter.id,
        counter.window,
        counter.rolling.map(number),
        number(counter.period),
        counter.ends_at,
        counter.reported.to_string(),
        counter.estimated.to_string(),
        counter.topped_up.to_string(),
    ])?;
    Ok(())
}

const fn rolling(window: &Window) -> Option<u64> {
    match window {
        Window::Rolling(length) => Some(*length),
        Window::Total | Window::Calendar(..) => None,
    }
}

/// The counter as of `now`: created if missing, with the wanted window, and in its current period.
fn current(connection: &Connection, want: &Want, now: i64) -> Result<Counter, Away> {
    let ends_at = || want.window.end(now.div_euclid(1000));
    let Some(mut counter) = find(connection, &want.name)? else {
        let mut insert = connection.prepare_cached(
            "INSERT INTO counters (name, window, rolling, is_places, ends_at, period) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        insert.execute(params![
            &*want.name,
            want.window.name(),
            rolling(&want.window).map(number),
            want.is_places,
            ends_at(),
            // Ensures that no period number of an earlier counter is reused.
            now.max(1),
        ])?;
        return find(connection, &want.name)?.ok_or_else(|| Away("a counter was not made".to_owned()));
    };
    let mut is_changed = forget_old(connection, &mut counter, now)?;
    if counter.window != want.window.name() {
        // What has been spent so far counts as spent in the new window, since its times are not known.
        connection.prepare_cached("DELETE FROM slots WHERE counter = ?1")?.execute(params![counter.id])?;
        (counter.window, counter.rolling) = (want.window.name(), rolling(&want.window));
        counter.ends_at = ends_at();
        let (reported, estimated, topped_up) = (counter.reported, counter.estimated, counter.topped_up);
        (counter.reported, counter.estimated, counter.topped_up) = (0, 0, 0);
        add(connection, &mut counter, now, reported, estimated, topped_up)?;
        is_changed = true;
    }
    if counter.ends_at.is_some_and(|end| now.div_euclid(1000) >= end) {
        counter.ends_at = ends_at();
        counter.period = counter.period.saturating_add(1).max(unsigned(now));
        (counter.reported, counter.estimated, counter.topped_up) = (0, 0, 0);
        // Holders of blocks of the last period notice its end by the number.
        connection.prepare_cached("DELETE FROM blocks WHERE counter = ?1")?.execute(params![counter.id])?;
        is_changed = true;
    }
    if is_changed {
        save(connection, &counter)?;
    }
    Ok(counter)
}

/// Adds to the sums, and to the slot of `at` if the window is rolling. The caller saves the row.
fn add(
    connection: &Connection,
    counter: &mut Counter,
    at: i64,
    reported: u128,
    estimated: u128,
    topped_up: u128,
) -> Result<(), Away> {
    counter.reported = counter.reported.saturating_add(reported);
    counter.estimated = counter.estimated.saturating_add(estimated);
    counter.topped_up = counter.topped_up.saturating_add(topped_up);
    let Some(length) = counter.rolling.filter(|_| reported > 0 || estimated > 0 || topped_up > 0) else {
        return Ok(());
    };
    let slot = number(Slots::new(length).of(unsigned(at)));
    let known = slots(connection, counter.id, slot, slot)?.into_iter().next().unwrap_or_default();
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO slots (counter, slot, reported, estimated, topped_up) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute(params![
        counter.id,
        slot,
        known.reported.saturating_add(reported).to_string(),
        known.estimated.saturating_add(estimated).to_string(),
        known.topped_up.saturating_add(topped_up).to_string(),
    ])?;
    Ok(())
}

#[derive(Default)]
struct Slot {
    slot: i64,
    reported: u128,
    estimated: u128,
    topped_up: u128,
}

/// The slots from one to another, inclusive, in order.
fn slots(connection: &Connection, counter: i64, from: i64, to: i64) -> Result<Vec<Slot>, Away> {
    let mut select = connection.prepare_cached(
        "SELECT slot, reported, estimated, topped_up FROM slots WHERE counter = ?1 AND slot >= ?2 AND slot <= ?3 \
         ORDER BY slot",
    )?;
    let rows = select.query_map(params![counter, from, to], |row| {
        Ok((row.get::<_, i64>(0)?, [row.get::<_, String>(1)?, row.get(2)?, row.get(3)?]))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (slot, [reported, estimated, topped_up]) = row?;
        found.push(Slot {
            slot,
            reported: amount(&reported)?,
            estimated: amount(&estimated)?,
            topped_up: amount(&topped_up)?,
        });
    }
    Ok(found)
}

/// Removes expired slots of a rolling window. Returns whether there were any.
fn forget_old(connection: &Connection, counter: &mut Counter, now: i64) -> Result<bool, Away> {
    let Some(length) = counter.rolling else { return Ok(false) };
    let window = Slots::new(length);
    // The last expired slot.
    let mut last = window.of(unsigned(now)).saturating_sub(window.of(length));
    while window.end(last) > unsigned(now) {
        let Some(before) = last.checked_sub(1) else { return Ok(false) };
        last = before;
    }
    let last = number(last);
    let old = slots(connection, counter.id, 0, last)?;
    if old.is_empty() {
        return Ok(false);
    }
    for slot in &old {
        counter.reported = counter.reported.saturating_sub(slot.reported);
        counter.estimated = counter.estimated.saturating_sub(slot.estimated);
        counter.topped_up = counter.topped_up.saturating_sub(slot.topped_up);
    }
    connection
        .prepare_cached("DELETE FROM slots WHERE counter = ?1 AND slot <= ?2")?
        .execute(params![counter.id, last])?;
    Ok(true)
}

struct Blocks {
    mine: u128,
    others: u128,
    buried: u128,
}

fn blocks(connection: &Connection, counter: &Counter, member: &str, now: i64) -> Result<Blocks, Away> {
    let mut select =
        connection.prepare_cached("SELECT member, amount, buried_at FROM blocks WHERE counter = ?1")?;
    let rows = select.query_map(params![counter.id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<i64>>(2)?))
    })?;
    let mut found = Blocks { mine: 0, others: 0, buried: 0 };
    for row in rows {
        let (holder, text, buried_at) = row?;
        let held = amount(&text)?;
        let is_over = |at: i64| {
            counter.rolling.is_some_and(|length| {
                let window = Slots::new(length);
                window.end(window.of(unsigned(at))) <= unsigned(now)
            })
        };
        let sum = match buried_at {
            // The estimated spending was before the window.
            Some(at) if is_over(at) => continue,
            Some(_) if holder != member => &mut found.buried,
            _ if holder == member => &mut found.mine,
            _ => &mut found.others,
        };
        *sum = sum.saturating_add(held);
    }
    Ok(found)
}

fn stands(counter: &Counter, held: &Blocks) -> Standing {
    Standing {
        period: counter.period,
        ends_at: counter.ends_at,
        reported: counter.reported,
        estimated: counter.estimated.saturating_add(held.buried),
        topped_up: counter.topped_up,
        mine: held.mine,
        others: held.others,
        freed_at: None,
    }
}

/// Takes the wanted amount if there is enough.
pub(super) fn take(connection: &Connection, member: &str, want: &Want, now: i64) -> Result<Standing, Away> {
    let counter = current(connection, want, now)?;
    let mut held = blocks(connection, &counter, member, now)?;
    let found = stands(&counter, &held);
    if want.needed == 0 {
        return Ok(found);
    }
    let whole = want.whole.saturating_add(found.topped_up);
    let sums = [found.reported, found.estimated, found.mine, found.others];
    let taken = sums.into_iter().fold(0, u128::saturating_add);
    let free = whole.saturating_sub(taken);
    if free < want.needed {
        connection
            .prepare_cached("UPDATE counters SET wanted_at = ?2 WHERE id = ?1")?
            .execute(params![counter.id, now])?;
        let freed_at = freed_at(connection, &counter, want.needed.saturating_sub(free))?;
        return Ok(Standing { freed_at, ..found });
    }
    let part = want.needed.saturating_add(want.spare).min(free);
    held.mine = held.mine.saturating_add(part);
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO blocks (counter, member, amount, buried_at) VALUES (?1, ?2, ?3, NULL)",
    )?;
    insert.execute(params![counter.id, member, held.mine.to_string()])?;
    Ok(stands(&counter, &held))
}

/// When this much of a rolling window will have expired.
fn freed_at(connection: &Connection, counter: &Counter, over: u128) -> Result<Option<i64>, Away> {
    let Some(length) = counter.rolling else { return Ok(None) };
    let window = Slots::new(length);
    let mut freed = 0_u128;
    for slot in slots(connection, counter.id, 0, i64::MAX)? {
        freed = freed.saturating_add(slot.reported).saturating_add(slot.estimated);
        if freed >= over {
            return Ok(Some(number(window.end(unsigned(slot.slot)))));
        }
    }
    Ok(None)
}

/// Reduces `member`'s block of a counter. Does nothing if there is no block.
pub(super) fn lessen(connection: &Connection, member: &str, name: &str, part: u128) -> Result<(), Away> {
    let Some(counter) = find(connection, name)? else { return Ok(()) };
    let mut select =
        connection.prepare_cached("SELECT amount FROM blocks WHERE counter = ?1 AND member = ?2")?;
    let found: Option<String> = select.query_row(params![counter.id, member], |row| row.get(0)).optional()?;
    let Some(held) = found else { return Ok(()) };
    let left = amount(&held)?.saturating_sub(part);
    if left == 0 {
        connection
            .prepare_cached("DELETE FROM blocks WHERE counter = ?1 AND member = ?2")?
            .execute(params![counter.id, member])?;
    } else {
        connection
            .prepare_cached("UPDATE blocks SET amount = ?3 WHERE counter = ?1 AND member = ?2")?
            .execute(params![counter.id, member, left.to_string()])?;
    }
    Ok(())
}

/// Books what `member` spent at the time `at`, out of its block. A past period is not reopened.
pub(super) fn book(
    connection: &Connection,
    member: &str,
    booking: &Booking,
    at: i64,
    now: i64,
) -> Result<(), Away> {
    let Some(mut counter) = find(connection, &booking.name)? else { return Ok(()) };
    if booking.period != ANY_PERIOD && booking.period != counter.period {
        return Ok(());
    }
    let Booking { reported, estimated, .. } = *booking;
    lessen(connection, member, &booking.name, reported.saturating_add(estimated))?;
    forget_old(connection, &mut counter, now)?;
    let is_over = counter.rolling.is_some_and(|length| {
        let window = Slots::new(length);
        window.end(window.of(unsigned(at))) <= unsigned(now)
    });
    if !is_over {
        add(connection, &mut counter, at, reported, estimated, 0)?;
    }
    save(connection, &counter)
}

pub(super) fn standing(
    connection: &Connection,
    member: &str,
    name: &str,
    now: i64,
) -> Result<Option<Standing>, Away> {
    let Some(mut counter) = find(connection, name)? else { return Ok(None) };
    if let Some(length) = counter.rolling {
        // Read-only: leaves the row unchanged.
        let window = Slots::new(length);
        for slot in slots(connection, counter.id, 0, i64::MAX)? {
            if window.end(unsigned(slot.slot)) > unsigned(now) {
                break;
            }
            counter.reported = counter.reported.saturating_sub(slot.reported);
            counter.estimated = counter.estimated.saturating_sub(slot.estimated);
            counter.topped_up = counter.topped_up.saturating_sub(slot.topped_up);
        }
    }
    let held = blocks(connection, &counter, member, now)?;
    Ok(Some(stands(&counter, &held)))
}

pub(super) fn wanted(connection: &Connection, now: i64) -> Result<Vec<Arc<str>>, Away> {
    let mut select = connection.prepare_cached("SELECT name FROM counters WHERE wanted_at > ?1")?;
    let rows = select.query_map(params![now.saturating_sub(WANTED)], |row| row.get::<_, String>(0))?;
    let names: rusqlite::Result<Vec<String>> = rows.collect();
    Ok(names?.into_iter().map(Arc::from).collect())
}

pub(super) fn adjust(
    connection: &Connection,
    name: &str,
    adjustment: Adjustment,
    now: i64,
) -> Result<(), Away> {
    let Some(mut counter) = find(connection, name)? else { return Ok(()) };
    match adjustment {
        Adjustment::TopUp(more) => add(connection, &mut counter, now, 0, 0, more)?,
        Adjustment::Reset => {
            (counter.reported, counter.estimated) = (0, 0);
            connection
                .prepare_cached("UPDATE slots SET reported = '0', estimated = '0' WHERE counter = ?1")?
                .execute(params![counter.id])?;
            connection
                .prepare_cached("DELETE FROM blocks WHERE counter = ?1 AND buried_at IS NOT NULL")?
                .execute(params![counter.id])?;
        }
    }
    save(connection, &counter)
}

/// Deletes counters whose period is long over, or whose window is empty, and of which no member holds a block.
pub(super) fn sweep(connection: &Connection, now: i64) -> Result<(), Away> {
    const DAY: i64 = 86_400_000;
    let old = now.saturating_sub(DAY);
    let mut select = connection.prepare("SELECT name FROM counters WHERE rolling IS NOT NULL")?;
    let names: rusqlite::Result<Vec<String>> = select.query_map([], |row| row.get(0))?.collect();
    for name in names? {
        let Some(mut counter) = find(connection, &name)? else { continue };
        if forget_old(connection, &mut counter, now)? {
            save(connection, &counter)?;
        }
    }
    connection.execute(
        "DELETE FROM blocks WHERE buried_at + (SELECT rolling FROM counters WHERE counters.id = blocks.counter) < ?1",
        params![old],
    )?;
    connection.execute(
        "DELETE FROM counters WHERE (ends_at < ?1 OR rolling IS NOT NULL OR is_places) AND NOT EXISTS (SELECT 1 FROM \
         blocks WHERE blocks.counter = counters.id) AND NOT EXISTS (SELECT 1 FROM slots WHERE slots.counter = \
         counters.id)",
        params![old.div_euclid(1000)],
    )?;
    Ok(())
}

/// Disposes of a dead member's blocks: sums count as spent, concurrent calls are released.
pub(super) fn bury(connection: &Connection, member: &str, now: i64) -> Result<(), Away> {
    connection.execute(
        "DELETE FROM blocks WHERE member = ?1 AND counter IN (SELECT id FROM counters WHERE is_places)",
        params![member],
    )?;
    connection.execute(
        "UPDATE blocks SET buried_at = ?2 WHERE member = ?1 AND buried_at IS NULL",
        params![member, now],
    )?;
    Ok(())
}
