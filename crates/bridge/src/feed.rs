//! Bounded feed of items from one producer outside the runtime to one consumer on it: the counterpart of a [`Queue`].
//!
//! [`Queue`]: crate::Queue

use crate::{
    queue::Limits,
    sync::{Condvar, Mutex, lock},
};
use std::{
    collections::VecDeque,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

/// Items of one producer, which blocks or *arms* the feed when it is full, for one consumer, which polls.
///
/// The producer asks for room after each push, so the feed is bounded by its limits plus one push.
#[derive(Debug)]
pub struct Feed<T> {
    state: Mutex<State<T>>,
    writable: Condvar,
    limits: Limits,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    /// How it ends, once the producer is done.
    end: Option<FeedEnd>,
    /// Whether the consumer is gone.
    abandoned: bool,
    armed: bool,
    blocked: bool,
    consumer: Option<Waker>,
}

/// How a feed ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedEnd {
    /// Everything was pushed.
    Whole,
    /// The producer gave up: what was pushed is incomplete.
    GivenUp,
}

/// The result of polling a feed.
#[derive(Debug, PartialEq, Eq)]
pub enum Fed<T> {
    /// The next item, and whether the producer armed the feed and must be notified that there is room.
    Item(T, bool),
    /// There are no more items.
    End(FeedEnd),
}

/// What the producer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Push more.
    Free,
    /// Wait: it is full.
    Full,
    /// Stop: the consumer is gone.
    Gone,
}

impl<T> Feed<T> {
    /// An empty feed.
    pub fn new(limits: Limits) -> Self {
        let state = State {
            items: VecDeque::new(),
            bytes: 0,
            end: None,
            abandoned: false,
            armed: false,
            blocked: false,
            consumer: None,
        };
        Self { state: Mutex::new(state), writable: Condvar::new(), limits }
    }

    /// Adds an item that weighs `bytes`; returns whether there is room for another.
    pub fn push(&self, item: T, bytes: usize) -> Room {
        let mut state = lock(&self.state);
        if state.abandoned {
            return Room::Gone;
        }
        state.items.push_back((item, bytes));
        state.bytes += bytes;
        let (room, consumer) = (self.room(&state), state.consumer.take());
        drop(state);
        if let Some(consumer) = consumer {
            consumer.wake();
        }
        room
    }

    /// Ends the feed after what was pushed. If the producer gives up, pushed items are dropped as well. Only the first
    /// end counts.
    pub fn end(&self, end: FeedEnd) {
        let mut state = lock(&self.state);
        let end = *state.end.get_or_insert(end);
        let dropped =
            if end == FeedEnd::GivenUp { std::mem::take(&mut state.items) } else { VecDeque::new() };
        if end == FeedEnd::GivenUp {
            state.bytes = 0;
        }
        let consumer = state.consumer.take();
        drop(state);
        drop(dropped);
        if let Some(consumer) = consumer {
            consumer.wake();
        }
    }

    /// Arms the feed if it is full: the consumer's next take, or its leaving, then returns that it was armed.
    #[must_use]
    pub fn arm(&self) -> Room {
        let mut state = lock(&self.state);
        let room = self.room(&state);
        state.armed = room == Room::Full;
        room
    }

    /// Blocks while it is full, for at most `patience`.
    pub fn wait(&self, patience: Duration) -> Room {
        let deadline = Instant::now() + patience;
        let mut state = lock(&self.state);
        loop {
            let room = self.room(&state);
            let left = deadline.saturating_duration_since(Instant::now());
            if room != Room::Full || left.is_zero() {
                return room;
            }
            state.blocked = true;
            state = match self.writable.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
            state.blocked = false;
        }
    }

    /// The next item, or the end.
    pub fn poll_next(&self, context: &mut Context<'_>) -> Poll<Fed<T>> {
        let mut state = lock(&self.state);
        if let Some((item, bytes)) = state.items.pop_front() {
            state.bytes -= bytes;
            if state.blocked {
                self.writable.notify_one();
            }
            return Poll::Ready(Fed::Item(item, std::mem::take(&mut state.armed)));
        }
        if let Some(end) = state.end {
            return Poll::Ready(Fed::End(end));
        }
        match &mut state.consumer {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// The consumer is gone. True if the producer armed the feed and must be notified.
    #[must_use]
    pub fn abandon(&self) -> bool {
        let mut state = lock(&self.state);
        state.abandoned = true;
        state.bytes = 0;
        let items = std::mem::take(&mut state.items);
        if state.blocked {
            self.writable.notify_one();
        }
        let notify = std::mem::take(&mut state.armed);
        drop(state);
        drop(items);
        notify
    }

    fn room(&self, state: &State<T>) -> Room {
        if state.abandoned {
            Room::Gone
        } else if state.items.len() < self.limits.items && state.bytes < self.limits.bytes {
            Room::Free
        } else {
            Room::Full
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { items: 2, bytes: 10 };

    fn next<T>(feed: &Feed<T>) -> Poll<Fed<T>> {
        feed.poll_next(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn items_arrive_in_order_followed_by_the_end() {
        let feed = Feed::new(LIMITS);
        assert_eq!(next(&feed), Poll::Pending);
        assert_eq!(feed.push(1, 1), Room::Free);
        assert_eq!(feed.push(2, 1), Room::Full);
        feed.end(FeedEnd::Whole);
        assert_eq!(next(&feed), Poll::Ready(Fed::Item(1, false)));
        assert_eq!(next(&feed), Poll::Ready(Fed::Item(2, false)));
        assert_eq!(next(&feed), Poll::Ready(Fed::End(FeedEnd::Whole)));
        feed.end(FeedEnd::GivenUp);
        assert_eq!(next(&feed), Poll::Ready(Fed::End(FeedEnd::Whole)), "the first end counts");
    }

    #[test]
    fn items_are_dropped_when_the_producer_gives_up() {
        let feed = Feed::new(LIMITS);
        assert_eq!(feed.push(1, 1), Room::Free);
        feed.end(FeedEnd::GivenUp);
        assert_eq!(next(&feed), Poll::Ready(Fed::End(FeedEnd::GivenUp)));
    }

    #[test]
    fn an_armed_producer_is_notified_of_room_once() {
        let feed = Feed::new(LIMITS);
        assert_eq!(feed.arm(), Room::Free);
        assert_eq!(feed.push(1, 10), Room::Full);
        assert_eq!(feed.arm(), Room::Full);
        assert_eq!(feed.push(2, 1), Room::Full);
        assert_eq!(next(&feed), Poll::Ready(Fed::Item(1, true)));
        assert_eq!(next(&feed), Poll::Ready(Fed::Item(2, false)));
        assert_eq!(feed.wait(Duration::ZERO), Room::Free);
    }

    #[test]
    fn the_producer_is_notified_when_the_consumer_is_gone() {
        let feed = std::sync::Arc::new(Feed::new(LIMITS));
        assert_eq!(feed.push(1, 10), Room::Full);
        assert_eq!(feed.wait(Duration::from_millis(1)), Room::Full);
        let consumer = std::thread::spawn({
            let feed = feed.clone();
            move || feed.abandon()
        });
        assert_eq!(feed.wait(Duration::from_secs(60)), Room::Gone);
        assert!(!consumer.join().unwrap());
        assert_eq!(feed.push(2, 1), Room::Gone);
    }
}
