//! Upkeep of shared counters: the regular work of a background thread, and what is done at the end.

use crate::{
    backing::{Away, Backing},
    core::{Core, lock},
    journal::{self, Journal},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Weak, atomic::Ordering},
    thread,
    time::Duration,
};

/// The interval of rounds while calls are made.
const BUSY: Duration = Duration::from_millis(50);
/// The interval while none are.
const IDLE: Duration = Duration::from_secs(1);
/// The interval of heartbeats, in milliseconds.
const BEAT: i64 = 1_000;
/// The interval of sweeps, in milliseconds.
const SWEEP: i64 = 3_600_000;
/// The time without a call after which a counter is not in use, in milliseconds.
const UNUSED: i64 = 2_000;
/// The length at which a new journal is started.
const LONGEST: u64 = 8 << 20;
/// How long the journal of a dead member is kept in case the process was just suspended, in milliseconds.
const KEPT: i64 = 86_400_000;

/// Starts the thread. It ends soon after the last user of the store is dropped.
pub(crate) fn start(core: &Arc<Core>) -> Result<(), Away> {
    let weak = Arc::downgrade(core);
    let thread = thread::Builder::new().name("ferrule-state".to_owned()).spawn(move || run(&weak))?;
    let _ = core.thread.set(thread.thread().clone());
    Ok(())
}

fn run(core: &Weak<Core>) {
    let mut pause = BUSY;
    loop {
        thread::park_timeout(pause);
        let Some(core) = core.upgrade().filter(|core| !core.is_over.load(Ordering::Acquire)) else { return };
        let is_active = core.is_active.swap(false, Ordering::AcqRel);
        keep_up(&core);
        pause = if is_active || core.is_active.load(Ordering::Acquire) { BUSY } else { IDLE };
    }
}

pub(crate) fn keep_up(core: &Core) {
    {
        let _alone = lock(&core.upkeep);
        if core.is_over.load(Ordering::Acquire) {
            return;
        }
        let now = core.clock.now().wall;
        let done = round(core, now);
        core.heard(done.as_ref().err());
    }
    if let Some(wake) = core.wake.get() {
        wake();
    }
}

fn round(core: &Core, now: i64) -> Result<(), Away> {
    if now.saturating_sub(core.beat_at.load(Ordering::Acquire)) >= BEAT {
        let (members, dead) = core.link.with(|backing| backing.beat(&core.member, now))?;
        core.beat_at.store(now, Ordering::Release);
        {
            let mut local = lock(&core.local);
            (local.members, local.heard_at) = (members, now);
        }
        take_over(core, &dead, now)?;
        book(core)?;
        give_back(core, now)?;
        see(core, now.saturating_sub(UNUSED), now)?;
        rotate(core, now)?;
        if now.saturating_sub(core.swept_at.load(Ordering::Acquire)) >= SWEEP {
            core.swept_at.store(now, Ordering::Release);
            sweep(core, now)?;
        }
        return Ok(());
    }
    book(core)?;
    give_back(core, now)
}

/// Books what was spent, if the backing is available.
pub(crate) fn flush(core: &Core) {
    let _alone = lock(&core.upkeep);
    core.heard(book(core).err().as_ref());
}

/// Books what was spent, and refreshes the states of counters used since then.
pub(crate) fn refresh(core: &Core, since: i64) {
    let _alone = lock(&core.upkeep);
    let done = book(core).and_then(|()| see(core, since, core.clock.now().wall));
    core.heard(done.err().as_ref());
}

/// Books everything, and returns all that calls in flight do not need.
pub(crate) fn settle_up(core: &Core) {
    let _alone = lock(&core.upkeep);
    let done = book(core).and_then(|()| return_parts(core, i64::MAX, core.clock.now().wall));
    core.heard(done.err().as_ref());
}

/// The stores of this process.
static STORES: Mutex<Vec<Weak<Core>>> = Mutex::new(Vec::new());

pub(crate) fn register(core: &Arc<Core>) {
    let mut stores = lock(&STORES);
    stores.retain(|known| known.strong_count() > 0);
    stores.push(Arc::downgrade(core));
}

/// Books everything spent by any store of this process, and returns all that calls in flight do not need.
pub fn settle_up_all() {
    let stores = std::mem::take(&mut *lock(&STORES));
    for core in stores.iter().filter_map(Weak::upgrade).filter(|core| core.is_own()) {
        settle_up(&core);
    }
}

/// Books the contents of the journal.
fn book(core: &Core) -> Result<(), Away> {
    let (path, name, names) = {
        let mut local = lock(&core.local);
        let mut journal = lock(&core.journal);
        journal.0.write()?;
        let spent = local.shares.iter_mut().filter_map(|(name, share)| share.flush().then_some(name));
        let names: Vec<_> = spent.cloned().collect();
        (journal.0.path().to_owned(), journal.1.clone(), names)
    };
    let booked = book_journal(core, &path, &name);
    if booked == Ok(false) {
        // The process was suspended so long that it was removed: it starts again.
        replace_journal(core, core.clock.now().wall)?;
    }
    let mut local = lock(&core.local);
    for name in &names {
        if let Some(share) = local.shares.get_mut(name) {
            share.flushed(booked == Ok(true));
        }
    }
    drop(local);
    booked?;
    let now = core.clock.now().wall;
    see_some(core, names, now)
}

/// Books everything in a journal that has not been booked, whichever member owns it. Returns whether the journal is
/// known.
fn book_journal(core: &Core, path: &Path, name: &str) -> Result<bool, Away> {
    while let Some(from) = core.link.with(|backing| backing.booked(name))? {
        let read = journal::read(path, from)?;
        if read.end == from {
            return Ok(true);
        }
        let now = core.clock.now().wall;
        // If another process was faster, continue from there.
        core.link.with(|backing| backing.book(name, from, read.end, &read.records, now))?;
    }
    Ok(false)
}

/// Books a journal for a caller that is not a member.
pub(crate) fn book_into(backing: &mut dyn Backing, path: &Path, name: &str, now: i64) -> Result<(), Away> {
    while let Some(from) = backing.booked(name)? {
        let read = journal::read(path, from)?;
        if read.end == from {
            break;
        }
        backing.book(name, from, read.end, &read.records, now)?;
    }
    Ok(())
}

/// Books what dead members left behind, and counts what they held as spent.
fn take_over(core: &Core, dead: &[String], now: i64) -> Result<(), Away> {
    if dead.is_empty() {
        return Ok(());
    }
    for (name, member, _) in core.link.with(|backing| backing.journals())? {
        if dead.contains(&member) {
            book_journal(core, &journal::path(&core.directory, &name), &name)?;
        }
    }
    dead.iter().try_for_each(|member| core.link.with(|backing| backing.bury(member, now)))
}

fn give_back(core: &Core, now: i64) -> Result<(), Away> {
    return_parts(core, now.saturating_sub(UNUSED), now)
}

/// Returns what is not needed; everything of counters that have not been used since `idle_since`.
fn return_parts(core: &Core, idle_since: i64, now: i64) -> Result<(), Away> {
    let wanted = core.link.with(|backing| backing.wanted(now))?;
    let parts: Vec<_> = {
        let mut local = lock(&core.local);
        let members = local.members;
        let part_of = |(name, share): (&crate::local::Name, &mut crate::local::Share)| {
            let part = share.give_back(wanted.contains(&share.name), members, idle_since);
            (part > 0).then(|| (name.clone(), Arc::clone(&share.name), part))
        };
        local.shares.iter_mut().filter_map(part_of).collect()
    };
    if parts.is_empty() {
        return Ok(());
    }
    let given: Vec<_> = parts.iter().map(|(_, name, part)| (Arc::clone(name), *part)).collect();
    let done = core.link.with(|backing| backing.give_back(&core.member, &given, now));
    let mut local = lock(&core.local);
    for (name, _, part) in &parts {
        if let Some(share) = local.shares.get_mut(name) {
            share.given_back(*part, done.is_ok());
        }
    }
    done
}

/// Refreshes the states of counters used since then, and removes unneeded ones.
fn see(core: &Core, since: i64, now: i64) -> Result<(), Away> {
    let names = {
        let mut local = lock(&core.local);
        let long = now.saturating_sub(KEPT);
        local.shares.retain(|_, share| !share.is_idle(long));
        local.shares.iter().filter(|(_, share)| share.is_used(since)).map(|(name, _)| name.clone()).collect()
    };
    see_some(core, names, now)
}

fn see_some(core: &Core, names: Vec<crate::local::Name>, now: i64) -> Result<(), Away> {
    if names.is_empty() {
        return Ok(());
    }
    let all: Vec<Arc<str>> = {
        let local = lock(&core.local);
        names.iter().filter_map(|name| Some(Arc::clone(&local.shares.get(name)?.name))).collect()
    };
    let standings = core.link.with(|backing| backing.standings(&core.member, &all, now))?;
    let mut local = lock(&core.local);
    for name in names {
        let Some(share) = local.shares.get_mut(&name) else { continue };
        if let Some((_, standing)) = standings.iter().find(|(known, _)| *known == share.name) {
            share.see(standing.clone());
        }
    }
    Ok(())
}

/// Starts a new journal if this one is long.
fn rotate(core: &Core, now: i64) -> Result<(), Away> {
    let length = lock(&core.journal).0.length();
    if length < LONGEST {
        return Ok(());
    }
    let Some((path, name)) = replace_journal(core, now)? else { return Ok(()) };
    book_journal(core, &path, &name)?;
    fs::remove_file(&path)?;
    core.link.with(|backing| backing.forget(&name))
}

/// Starts a new journal. Returns the previous one.
fn replace_journal(core: &Core, now: i64) -> Result<Option<(PathBuf, String)>, Away> {
    let before = lock(&core.journal).1.clone();
    let number = before.rsplit_once('.').and_then(|(_, number)| number.parse::<u64>().ok()).unwrap_or(0);
    let next = format!("{}.{}", core.member, number.saturating_add(1));
    core.link.with(|backing| backing.begin(&core.member, &next, now))?;
    let begun = Journal::create(journal::path(&core.directory, &next))?;
    let mut journal = lock(&core.journal);
    if !journal.0.is_written() {
        return Ok(None);
    }
    let (old, name) = std::mem::replace(&mut *journal, (begun, next));
    Ok(Some((old.path().to_owned(), name)))
}

/// Removes old calls, counters, and journals of members without a heartbeat for a day.
fn sweep(core: &Core, now: i64) -> Result<(), Away> {
    let before = core.retention.map_or(i64::MIN, |kept| now.saturating_sub(kept));
    core.link.with(|backing| backing.sweep(before, now))?;
    for (name, member, seen) in core.link.with(|backing| backing.journals())? {
        if member != core.member && seen < now.saturating_sub(KEPT) {
            let path = journal::path(&core.directory, &name);
            book_journal(core, &path, &name)?;
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
            core.link.with(|backing| backing.forget(&name))?;
            core.link.with(|backing| backing.leave(&member))?;
        }
    }
    Ok(())
}

/// Closes a store: removes its journal if everything has been booked.
pub(crate) fn leave(core: &Core) {
    if !core.is_own() {
        // A forked child does not touch its parent's journal.
        return;
    }
    let _alone = lock(&core.upkeep);
    core.is_over.store(true, Ordering::Release);
    if let Some(thread) = core.thread.get() {
        thread.unpark();
    }
    let left = book(core).and_then(|()| return_parts(core, i64::MAX, core.clock.now().wall)).and_then(|()| {
        let journal = lock(&core.journal);
        if !journal.0.is_written() {
            return Ok(());
        }
        fs::remove_file(journal.0.path())?;
        core.link.with(|backing| backing.forget(&journal.1))?;
        core.link.with(|backing| backing.leave(&core.member))
    });
    if let Err(away) = left {
        tracing::warn!(target: "ferrule", "state: {away}; another process books what is in the journal");
    }
}
