//! Bounded queue of items from one stream to one consumer.

use crate::sync::{Condvar, Mutex, lock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// How much a queue may hold before its producer must wait.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Items.
    pub items: usize,
    /// The sum of their weights, in bytes.
    pub bytes: usize,
}

/// Items of one producer for one consumer, and how they end.
///
/// The consumer takes everything that is available. If nothing is, it blocks or *arms* the queue, and the producer's
/// next push then returns that it was armed. The producer waits for [`Queue::poll_space`] before it reads more, so the
/// queue is bounded by its limits plus one push.
#[derive(Debug)]
pub struct Queue<T, E> {
    state: Mutex<State<T, E>>,
    readable: Condvar,
    limits: Limits,
}

#[derive(Debug)]
struct State<T, E> {
    items: Vec<T>,
    bytes: usize,
    end: Option<E>,
    armed: bool,
    /// Whether the consumer blocks in `wait`. If not, waking it would be a useless system call.
    blocked: bool,
    /// Whether the consumer is gone: what is pushed is dropped.
    abandoned: bool,
    /// The producer, waiting for space.
    producer: Option<Waker>,
}

/// The result of taking from a queue.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T, E> {
    /// Everything that was available; not empty.
    Items(Vec<T>),
    /// The end, once; after it the queue is [`Taken::Empty`].
    End(E),
    /// Nothing yet.
    Empty,
}

impl<T, E> Queue<T, E> {
    /// An empty queue.
    pub fn new(limits: Limits) -> Self {
        let state = State {
            items: Vec::new(),
            bytes: 0,
            end: None,
            armed: false,
            blocked: false,
            abandoned: false,
            producer: None,
        };
        Self { state: Mutex::new(state), readable: Condvar::new(), limits }
    }

    /// Adds an item that weighs `bytes`. True if the consumer armed the queue and must be notified.
    #[must_use]
    pub fn push(&self, item: T, bytes: usize) -> bool {
        let mut state = lock(&self.state);
        if state.abandoned {
            return false;
        }
        state.items.push(item);
        state.bytes += bytes;
        if state.blocked {
            self.readable.notify_one();
        }
        std::mem::take(&mut state.armed)
    }

    /// Ends the queue: `end` follows the items. True if the consumer armed the queue and must be notified.
    #[must_use]
    pub fn end(&self, end: E) -> bool {
        let mut state = lock(&self.state);
        if state.abandoned {
            return false;
        }
        state.end = Some(end);
        if state.blocked {
            self.readable.notify_one();
        }
        std::mem::take(&mut state.armed)
    }

    /// Ready when the producer may push more.
    pub fn poll_space(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.abandoned || (state.items.len() < self.limits.items && state.bytes < self.limits.bytes) {
            return Poll::Ready(());
        }
        match &mut state.producer {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Takes what is available.
    pub fn take(&self) -> Taken<T, E> {
        let mut state = lock(&self.state);
        let taken = if state.items.is_empty() {
            state.end.take().map_or(Taken::Empty, Taken::End)
        } else {
            state.bytes = 0;
            Taken::Items(std::mem::take(&mut state.items))
        };
        let producer = state.producer.take();
        drop(state);
        if let Some(producer) = producer {
            producer.wake();
        }
        taken
    }

    /// Arms the queue if it is empty: the next push or end then returns that it was armed. False if something is
    /// available.
    #[must_use]
    pub fn arm(&self) -> bool {
        let mut state = lock(&self.state);
        state.armed = state.items.is_empty() && state.end.is_none();
        state.armed
    }

    /// Blocks until something is available, for at most `patience`.
    pub fn wait(&self, patience: Duration) -> Taken<T, E> {
        let deadline = Instant::now() + patience;
        let mut state = lock(&self.state);
        while state.items.is_empty() && state.end.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Taken::Empty;
            }
            state.blocked = true;
            state = match self.readable.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
            state.blocked = false;
        }
        drop(state);
        self.take()
    }

    /// The consumer is gone: drops the items and lets the producer run on.
    pub fn abandon(&self) {
        let mut state = lock(&self.state);
        state.abandoned = true;
        state.armed = false;
        let items = std::mem::take(&mut state.items);
        let end = state.end.take();
        let producer = state.producer.take();
        drop(state);
        drop((items, end));
        if let Some(producer) = producer {
            producer.wake();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { items: 2, bytes: 10 };

    fn has_space<T, E>(queue: &Queue<T, E>) -> bool {
        queue.poll_space(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn items_arrive_in_order_followed_by_the_end_once() {
        let queue = Queue::new(LIMITS);
        assert!(!queue.push(1, 1));
        assert!(!queue.push(2, 1));
        assert!(!queue.end("done"));
        assert_eq!(queue.take(), Taken::Items(vec![1, 2]));
        assert_eq!(queue.take(), Taken::End("done"));
        assert_eq!(queue.take(), Taken::Empty);
    }

    #[test]
    fn only_an_armed_queue_asks_for_a_wake_up_and_only_once() {
        let queue: Queue<i32, ()> = Queue::new(LIMITS);
        assert_eq!(queue.take(), Taken::Empty);
        assert!(!queue.push(1, 1), "take does not arm");
        assert!(!queue.arm(), "something is there");
        assert!(!queue.push(2, 1));
        assert_eq!(queue.take(), Taken::Items(vec![1, 2]));
        assert!(queue.arm());
        assert!(queue.push(3, 1));
        assert!(!queue.push(4, 1));
    }

    #[test]
    fn the_producer_waits_at_either_limit_and_resumes_after_a_take() {
        let queue: Queue<i32, ()> = Queue::new(LIMITS);
        let _ = queue.push(1, 1);
        assert!(has_space(&queue));
        let _ = queue.push(2, 1);
        assert!(!has_space(&queue), "items");
        queue.take();
        assert!(has_space(&queue));
        let _ = queue.push(3, 10);
        assert!(!has_space(&queue), "bytes");
        queue.abandon();
        assert!(has_space(&queue), "an abandoned queue never holds its producer");
        assert!(!queue.push(4, 1));
        assert_eq!(queue.take(), Taken::Empty);
    }

    #[test]
    fn waiting_ends_with_an_item_or_a_timeout() {
        let queue: std::sync::Arc<Queue<i32, ()>> = std::sync::Arc::new(Queue::new(LIMITS));
        assert_eq!(queue.wait(Duration::from_millis(1)), Taken::Empty);
        let producer = std::thread::spawn({
            let queue = queue.clone();
            move || queue.push(1, 1)
        });
        assert_eq!(queue.wait(Duration::from_secs(60)), Taken::Items(vec![1]));
        producer.join().unwrap();
    }
}
