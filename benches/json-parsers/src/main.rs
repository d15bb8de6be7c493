//! Does one task many times, for a tool that counts instructions:
//! `valgrind --tool=callgrind target/release/ferrule-json-parsers <parser> <body> <times>`, each by its number from 0.

use std::hint::black_box;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<usize>().expect("a number"));
    let mut next = || numbers.next().expect("parser, body and times, as numbers");
    let (name, parse) = ferrule_json_parsers::PARSERS[next()];
    let (body_name, body) = &ferrule_json_parsers::bodies()[next()];
    let times = next();
    for _ in 0..times {
        assert!(black_box(parse(black_box(body.as_bytes()))).is_some());
    }
    println!("{name}, {body_name} ({} bytes): {times} times", body.len());
}
