//! How long it takes to read a text. Printed, never a failure by the clock: machines differ.

use code::{CrossingCode, Parts};
use std::time::Duration;

#[test]
fn a_text_of_930_characters_is_parsed_without_allocating_again() {
    let (token, proof, part) = (vec![7; 190], vec![9; 85], vec![200; 167]);
    let parts = Parts::Two(&part, &part);
    let text = CrossingCode::Full { token: &token, proof: &proof, parts }.to_text().unwrap();
    let mut scratch = Vec::new();
    CrossingCode::parse(&text, &mut scratch).unwrap();
    let (place, room) = (scratch.as_ptr(), scratch.capacity());
    let took = stopwatch(|| {
        for _ in 0..10_000 {
            let code = CrossingCode::parse(std::hint::black_box(&text), &mut scratch).unwrap();
            std::hint::black_box(code);
        }
    });
    println!("{} characters parsed in {:.2} microseconds", text.len(), took.as_secs_f64() * 100.0);
    assert_eq!((scratch.as_ptr(), scratch.capacity()), (place, room));
}

#[expect(clippy::disallowed_methods, reason = "a measurement is the one thing here that needs a clock")]
fn stopwatch(work: impl FnOnce()) -> Duration {
    let start = std::time::Instant::now();
    work();
    start.elapsed()
}
