//! Queue of waiting calls: first in, first out among those with the same needs.
//!
//! Calls that need the same counters form one line. The heads of all lines are tried in order of arrival; one that does
//! not fit keeps what it is short of for itself, so that no later call takes it, and leaves everything else to the
//! others: a team at its limit delays no other team.

use crate::{
    claim::{Claim, Key},
    shortage::Shortage,
};
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    sync::Arc,
    task::Waker,
};

/// The line of a call. Lines with the same id by chance are merged, which does no harm.
type LineId = u64;

#[derive(Debug, Default)]
pub(crate) struct Queue {
    lines: HashMap<LineId, Line>,
    /// The heads of all lines, by call number.
    heads: BTreeMap<u64, LineId>,
    waiting: usize,
    /// Calls that have been admitted but have not checked yet.
    admitted: HashSet<u64>,
    next: u64,
    /// The number of changes that waiters must know about.
    news: u64,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Waiter>,
    /// What its head is short of.
    short: Option<(Key, Shortage)>,
    /// Whether its head has not noticed yet that it is the head.
    is_head_new: bool,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    claims: Arc<[Claim]>,
    /// When it started to wait.
    since: u64,
    waker: Option<Waker>,
}

/// The state of a waiting call.
#[derive(Debug)]
pub(crate) enum Standing {
    Admitted,
    Waiting {
        /// What it, or the head of its line, is short of.
        short: Option<(Key, Shortage)>,
        since: u64,
        is_head: bool,
    },
    /// It has left the queue.
    Gone,
}

pub(crate) fn line_of(claims: &[Claim]) -> LineId {
    let mut hasher = DefaultHasher::new();
    for claim in claims {
        claim.key.hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether `ready` is earlier than known. Two clocks differ slightly: a small difference does not count.
fn is_earlier(ready: Option<u64>, known: Option<u64>) -> bool {
    const LITTLE: u64 = 20;
    ready.is_some_and(|ready| known.is_none_or(|known| ready.saturating_add(LITTLE) < known))
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting
    }

    /// What prevents a call with these claims from being tried before the waiting ones.
    pub(crate) fn in_the_way(&self, claims: &[Claim]) -> Option<(Key, Shortage)> {
        if self.waiting == 0 {
            return None;
        }
        if let Some(line) = self.lines.get(&line_of(claims))
            && line.short.is_some()
        {
            return line.short.clone();
        }
        let is_ours = |key: &Key| claims.iter().any(|claim| claim.key == *key);
        self.lines.values().find_map(|line| line.short.clone().filter(|(key, _)| is_ours(key)))
    }

    /// Appends a call that is `short` of something. Returns its number, and how many are ahead of it in the same line.
    pub(crate) fn join(&mut self, claims: Arc<[Claim]>, since: u64, short: (Key, Shortage)) -> (u64, usize) {
        let number = self.next;
        self.next += 1;
        let id = line_of(&claims);
        let line = self.lines.entry(id).or_default();
        let before = line.waiting.len();
        if before == 0 {
            line.short = Some(short);
            self.heads.insert(number, id);
        }
        line.waiting.push_back(Waiter { number, claims, since, waker: None });
        self.waiting += 1;
        (number, before)
    }

    /// Tries all heads; `reserve` reserves the claims of the call with this number.
    pub(crate) fn scan(&mut self, mut reserve: impl FnMut(u64, &[Claim]) -> Result<(), Shortage>) {
        let mut kept: Vec<(Key, Shortage)> = Vec::new();
        let mut from = 0;
        while let Some((number, id)) = self.heads.range(from..).next().map(|(number, id)| (*number, *id)) {
            from = number + 1;
            let Some(line) = self.lines.get_mut(&id) else { continue };
            let Some(head) = line.waiting.front_mut() else { continue };
            let in_the_way = head.claims.iter().enumerate().find_map(|(place, claim)| {
                let (_, shortage) = kept.iter().find(|(key, _)| *key == claim.key)?;
                Some(Shortage { claim: place, ..shortage.clone() })
            });
            let found = match in_the_way {
                // It is short of something that an earlier call keeps for itself.
                Some(shortage) => Err(shortage),
                None => reserve(number, &head.claims),
            };
            match found {
                Ok(()) => {
                    let served = line.waiting.pop_front();
                    self.heads.remove(&number);
                    self.waiting = self.waiting.saturating_sub(1);
                    self.admitted.insert(number);
                    if let Some(waker) = served.and_then(|served| served.waker) {
                        waker.wake();
                    }
                    line.is_head_new = true;
                    self.news += 1;
                    match line.waiting.front() {
                        Some(next) => {
                            self.heads.insert(next.number, id);
                        }
                        None => {
                            self.lines.remove(&id);
                        }
                    }
                }
                Err(shortage) => {
                    let Some(claim) = head.claims.get(shortage.claim) else { continue };
                    let key = claim.key.clone();
                    let known = line.short.as_ref().filter(|(before, _)| *before == key);
                    let is_news = known.is_none_or(|(_, known)| {
                        is_earlier(shortage.ready_at, known.ready_at)
                            || (shortage.is_certain && !known.is_certain)
                    });
                    // Only the head watches the clock for what it is short of; how long the others wait depends on
                    // that.
                    let count = if known.is_none() { line.waiting.len() } else { 1 };
                    if is_news || line.is_head_new {
                        line.is_head_new = false;
                        self.news += 1;
                        let first = line.waiting.iter_mut().take(count);
                        first.filter_map(|waiter| waiter.waker.take()).for_each(Waker::wake);
                    }
                    kept.push((key.clone(), shortage.clone()));
                    line.short = Some((key, shortage));
                }
            }
        }
    }

    /// The state of the call with this number.
    pub(crate) fn standing(&mut self, number: u64, line: LineId) -> Standing {
        if self.admitted.remove(&number) {
            return Standing::Admitted;
        }
        let Some(line) = self.lines.get(&line) else { return Standing::Gone };
        let place = line.waiting.iter().position(|waiter| waiter.number == number);
        match place.and_then(|place| Some((place, line.waiting.get(place)?))) {
            Some((place, waiter)) => {
                Standing::Waiting { short: line.short.clone(), since: waiter.since, is_head: place == 0 }
            }
            None => Standing::Gone,
        }
    }

    /// The number of changes that waiters must know about.
    pub(crate) fn news(&self) -> u64 {
        self.news
    }

    /// Registers `waker` for changes that concern the call with this number. Returns whether there have been any since
    /// the change count was `news`.
    pub(crate) fn watch(&mut self, number: u64, line: LineId, news: u64, waker: &Waker) -> bool {
        if self.news != news || self.admitted.contains(&number) {
            return true;
        }
        let line = self.lines.get_mut(&line);
        let waiter = line.and_then(|line| line.waiting.iter_mut().find(|waiter| waiter.number == number));
        match waiter {
            Some(waiter) => {
                waiter.waker = Some(waker.clone());
                false
            }
            None => true,
        }
    }

    /// Removes the call with this number. Returns whether it had been admitted.
    pub(crate) fn leave(&mut self, number: u64, id: LineId) -> bool {
        if self.admitted.remove(&number) {
            return true;
        }
        let Some(line) = self.lines.get_mut(&id) else { return false };
        let Some(place) = line.waiting.iter().position(|waiter| waiter.number == number) else {
            return false;
        };
        line.waiting.remove(place);
        self.waiting = self.waiting.saturating_sub(1);
        if place == 0 {
            self.heads.remove(&number);
            line.short = None;
            self.news += 1;
            match line.waiting.front_mut() {
                Some(next) => {
                    self.heads.insert(next.number, id);
                    // It now watches the clock.
                    if let Some(waker) = next.waker.take() {
                        waker.wake();
                    }
                }
                None => {
                    self.lines.remove(&id);
                }
            }
        }
        false
    }

    /// The number of waiting calls for each counter.
    pub(crate) fn waiting_for(&self) -> HashMap<Key, usize> {
        let mut found: HashMap<Key, usize> = HashMap::new();
        for line in self.lines.values() {
            if let Some((key, _)) = &line.short {
                *found.entry(key.clone()).or_default() += line.waiting.len();
            }
        }
        found
    }
}
