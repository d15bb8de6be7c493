//! Every interleaving of producers and the consumer: no item is lost, and no wake-up is missed.
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p ferrule-bridge --release --test loom`.
#![cfg(loom)]

use ferrule_bridge::{Limits, Queue, Signal, Taken};
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

#[test]
fn every_announced_item_is_collected() {
    loom::model(|| {
        let signal = Arc::new(Signal::new());
        let descriptor = Arc::new(Descriptor::default());
        let producers: Vec<_> = (0..2)
            .map(|item| {
                let (signal, descriptor) = (signal.clone(), descriptor.clone());
                thread::spawn(move || signal.announce(item, || descriptor.write()))
            })
            .collect();
        let mut collected = Vec::new();
        // The loop may look at any time, also before anything is there.
        if descriptor.is_readable() {
            collected.extend(signal.collect(|| descriptor.read()));
        }
        for producer in producers {
            producer.join().unwrap();
        }
        // All are announced: from here on, a readable descriptor is all that tells the loop to look.
        while descriptor.is_readable() {
            collected.extend(signal.collect(|| descriptor.read()));
        }
        collected.sort_unstable();
        assert_eq!(collected, [0, 1]);
    });
}

#[test]
fn an_armed_consumer_is_always_told() {
    loom::model(|| {
        let queue = Arc::new(Queue::new(LIMITS));
        let signal = Arc::new(Signal::new());
        let descriptor = Arc::new(Descriptor::default());
        let producer = thread::spawn({
            let (queue, signal, descriptor) = (queue.clone(), signal.clone(), descriptor.clone());
            move || {
                for step in 0..2 {
                    let armed = if step == 0 { queue.push(7, 1) } else { queue.end("end") };
                    if armed {
                        signal.announce((), || descriptor.write());
                    }
                }
            }
        });
        let mut seen = Vec::new();
        let ended = loop {
            match queue.take() {
                Taken::Items(items) => seen.extend(items),
                Taken::End(end) => break end,
                Taken::Empty if !queue.arm() => {}
                Taken::Empty => {
                    // Asleep until the descriptor says so.
                    while !descriptor.is_readable() {
                        thread::yield_now();
                    }
                    assert_eq!(signal.collect(|| descriptor.read()).len(), 1);
                }
            }
        };
        producer.join().unwrap();
        assert_eq!((seen, ended), (vec![7], "end"));
    });
}

#[test]
fn a_producer_that_waits_for_space_goes_on() {
    loom::model(|| {
        let queue = Arc::new(Queue::<i32, ()>::new(LIMITS));
        let producer = thread::spawn({
            let queue = queue.clone();
            move || {
                for item in 0..2 {
                    block_on(poll_fn(|context| queue.poll_space(context)));
                    let _ = queue.push(item, 1);
                }
            }
        });
        let mut seen = Vec::new();
        while seen.len() < 2 {
            match queue.take() {
                Taken::Items(items) => seen.extend(items),
                _ => thread::yield_now(),
            }
        }
        producer.join().unwrap();
        assert_eq!(seen, [0, 1]);
    });
}
