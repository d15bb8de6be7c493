//! Interleavings of producers and the consumer, explored exhaustively: no item is lost, and no wake-up is missed. Run
//! with `RUSTFLAGS="--cfg loom" cargo test -p ferrule-bridge --release --test loom`.
#![cfg(loom)]

use ferrule_bridge::{Fed, Feed, Limits, Queue, Room, Signal, Taken};
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use std::future::poll_fn;

const LIMITS: Limits = Limits { items: 1, bytes: 100 };

/// A descriptor that counts its wake-ups, as an eventfd does.
#[derive(Default)]
struct Descriptor(AtomicUsize);

impl Descriptor {
    fn write(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
    fn read(&self) {
        self.0.swap(0, Ordering::Acquire);
    }
    fn is_readable(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}

/// A reader: takes what is available, or arms the queue and sleeps until the descriptor is readable.
fn receive(
    queue: &Queue<i32, &'static str>,
    signal: &Signal<()>,
    descriptor: &Descriptor,
) -> Taken<i32, &'static str> {
    loop {
        match queue.take() {
            Taken::Empty if !queue.arm() => {}
            Taken::Empty => {
                while !descriptor.is_readable() {
                    thread::yield_now();
                }
                assert_eq!(signal.collect(|| descriptor.read()).len(), 1);
            }
            taken => return taken,
        }
    }
}

#[test]
fn every_announced_item_is_collected() {
    loom::model(|| {
        let signal = Arc::new(Signal::new());
        let descriptor = Arc::new(Descriptor::default());
        // A producer's second item may come after a wake-up has been sent, acknowledged, and its item collected.
        let producers: Vec<_> = [&[0][..], &[1, 2]]
            .into_iter()
            .map(|items| {
                let (signal, descriptor) = (signal.clone(), descriptor.clone());
                thread::spawn(move || {
                    for item in items {
                        signal.announce(*item, || descriptor.write());
                    }
                })
            })
            .collect();
        let mut collected = Vec::new();
        // The loop may check at any time, even before anything is there.
        if descriptor.is_readable() {
            collected.extend(signal.collect(|| descriptor.read()));
        }
        for producer in producers {
            producer.join().unwrap();
        }
        // All have been announced: from here on, only a readable descriptor makes the loop check.
        while descriptor.is_readable() {
            collected.extend(signal.collect(|| descriptor.read()));
        }
        collected.sort_unstable();
        assert_eq!(collected, [0, 1, 2]);
    });
}

#[test]
fn an_armed_consumer_is_notified_of_each_push_and_of_the_end() {
    // With a single step no later wake-up can make up for a missed one.
    for steps in [&[Some(7)][..], &[None], &[Some(7), None]] {
        loom::model(move || {
            let queue = Arc::new(Queue::new(LIMITS));
            let signal = Arc::new(Signal::new());
            let descriptor = Arc::new(Descriptor::default());
            let producer = thread::spawn({
                let (queue, signal, descriptor) = (queue.clone(), signal.clone(), descriptor.clone());
                move || {
                    for step in steps {
                        let armed = step.map_or_else(|| queue.end("end"), |item| queue.push(item, 1));
                        if armed {
                            signal.announce((), || descriptor.write());
                        }
                    }
                }
            });
            for step in steps {
                let expected = step.map_or(Taken::End("end"), |item| Taken::Items(vec![item]));
                assert_eq!(receive(&queue, &signal, &descriptor), expected);
            }
            producer.join().unwrap();
        });
    }
}

#[test]
fn a_producer_waiting_for_space_resumes() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(LIMITS));
        let signal = Arc::new(Signal::new());
        let descriptor = Arc::new(Descriptor::default());
        let producer = thread::spawn({
            let (queue, signal, descriptor) = (queue.clone(), signal.clone(), descriptor.clone());
            move || {
                for item in 0..2 {
                    block_on(poll_fn(|context| queue.poll_space(context)));
                    if queue.push(item, 1) {
                        signal.announce((), || descriptor.write());
                    }
                }
            }
        });
        // The reader sleeps if nothing is available: if the producer slept too, neither would wake the other.
        for item in 0..2 {
            assert_eq!(receive(&queue, &signal, &descriptor), Taken::Items(vec![item]));
        }
        producer.join().unwrap();
    });
}

#[test]
fn a_producer_of_a_full_feed_is_notified_of_room_and_of_a_gone_consumer() {
    // The consumer takes both, or leaves after the first.
    for takes in [2, 1] {
        loom::model(move || {
            let feed = Arc::new(Feed::new(LIMITS));
            let signal = Arc::new(Signal::new());
            let descriptor = Arc::new(Descriptor::default());
            let consumer = thread::spawn({
                let (feed, signal, descriptor) = (feed.clone(), signal.clone(), descriptor.clone());
                move || {
                    for expected in 0..takes {
                        let fed = block_on(poll_fn(|context| feed.poll_next(context)));
                        let Fed::Item(item, notified) = fed else { panic!("it has not ended") };
                        assert_eq!(item, expected);
                        if notified {
                            signal.announce((), || descriptor.write());
                        }
                    }
                    if feed.abandon() {
                        signal.announce((), || descriptor.write());
                    }
                }
            });
            for item in 0..2 {
                let mut room = feed.push(item, 1);
                while room == Room::Full {
                    room = feed.arm();
                    if room == Room::Full {
                        while !descriptor.is_readable() {
                            thread::yield_now();
                        }
                        signal.collect(|| descriptor.read());
                    }
                }
            }
            consumer.join().unwrap();
        });
    }
}
