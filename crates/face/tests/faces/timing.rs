//! How long a face takes, stage by stage. Printed, never a failure by the clock: machines differ.

use crate::shared::{bench, faces, picture, root};
use face::{Embedder, Finder, ModelFolder, Probe, Template};
use std::time::Duration;

#[test]
fn the_stages_of_one_face_are_timed() {
    let Some(faces) = faces("the_stages_of_one_face_are_timed") else { return };
    let bench = bench();
    let image = picture(&faces.join("genuine/A000055-b.jpg"));
    let kind = bench.embedder.part_kind().unwrap();
    let (probe, _) = Probe::from_image(&bench.finder, &image).unwrap();
    let bytes = probe.encode();
    let embedding = bench.embedder.embed(&probe).unwrap();
    let template = Template::pack(kind, &embedding).unwrap();
    let face = bench.finder.one_face(&image).unwrap();
    let folder = ModelFolder::new(&root().join("models"), &bench.config);
    println!("load finder     {:7.2} ms", median(3, || Finder::load(&folder, &bench.config).unwrap()));
    println!("load embedder   {:7.2} ms", median(3, || Embedder::load(&folder, &bench.config).unwrap()));
    println!("detect          {:7.2} ms", median(15, || bench.finder.detect(&image).unwrap()));
    println!("landmarks       {:7.2} ms", median(15, || bench.finder.landmarks(&image, &face).unwrap()));
    println!("image to probe  {:7.2} ms", median(15, || Probe::from_image(&bench.finder, &image).unwrap()));
    println!("decode probe    {:7.2} ms", median(15, || Probe::decode(&bytes).unwrap()));
    println!("embed probe     {:7.2} ms", median(15, || bench.embedder.embed(&probe).unwrap()));
    println!(
        "enrol a photo   {:7.2} ms",
        median(15, || bench.embedder.enrol(&bench.finder, &image).unwrap())
    );
    println!("compare         {:7.4} ms", median(15, || template.compare(&embedding)));
    println!("liveness        {:7.2} ms", median(15, || bench.liveness.score(&image, &face).unwrap()));
    assert!(
        template.compare(&embedding).unwrap().value() > 0.98,
        "a template is like the embedding it was made of"
    );
}

fn median<T>(times: usize, mut work: impl FnMut() -> T) -> f64 {
    evaluate::median((0..times).map(|_| stopwatch(&mut work).as_secs_f64() * 1000.0).collect())
}

#[expect(clippy::disallowed_methods, reason = "a measurement is the one thing here that needs a clock")]
fn stopwatch<T>(work: &mut impl FnMut() -> T) -> Duration {
    let start = std::time::Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}
