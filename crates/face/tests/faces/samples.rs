//! The demo's photographs: 22 faces in six pictures, three persons in two of them each.

use crate::shared::{bench, picture, root};
use face::{Decision, Face, Image, Template};

/// The picture and its faces from left to right.
fn sample(number: usize) -> (Image, Vec<Face>) {
    let file = root().join(format!("models/node_modules/@vladmandic/face-api/demo/sample{number}.jpg"));
    let image = picture(&file);
    let mut faces = bench().finder.detect(&image).unwrap();
    faces.sort_by(|a, b| a.left().total_cmp(&b.left()));
    (image, faces)
}

fn portrait(number: usize, index: usize) -> Image {
    let (image, faces) = sample(number);
    bench().finder.portrait(&image, &faces[index]).unwrap()
}

#[test]
fn the_six_photographs_hold_twenty_two_faces_and_each_gives_a_portrait_with_one_face() {
    let bench = bench();
    let mut found = 0;
    let (mut portraits, mut probes) = (0, 0);
    for number in 1..=6 {
        let (image, faces) = sample(number);
        found += faces.len();
        for (index, face) in faces.iter().enumerate() {
            let cut = bench.finder.portrait(&image, face);
            let (size, quality) = match &cut {
                Ok(cut) => {
                    portraits += usize::from(bench.finder.one_face(cut).is_ok());
                    probes += usize::from(bench.probe(cut).is_ok());
                    (
                        format!("{}x{}", cut.width(), cut.height()),
                        format!("{:?}", bench.probe(cut).map(|(_, q)| q)),
                    )
                }
                Err(error) => (error.to_string(), String::new()),
            };
            println!(
                "sample{number} face {index}: {:.0} px high, {:.3}, portrait {size} {quality}",
                face.height(),
                face.score()
            );
        }
    }
    println!("{found} faces, {portraits} portraits");
    assert_eq!(found, 22);
    assert_eq!(portraits, 22);
    assert_eq!(probes, 22);
}

#[test]
fn the_pairs_that_the_demo_relies_on_score_as_it_expects() {
    let bench = bench();
    let kind = bench.embedder.part_kind().unwrap();
    let last = |number: usize| sample(number).1.len() - 1;
    let rows = [
        ("sample1 right, sample3 middle", portrait(1, last(1)), portrait(3, last(3) / 2), Decision::Certain),
        ("sample1 middle, sample4 left", portrait(1, last(1) / 2), portrait(4, 0), Decision::Officer),
        ("sample4 second, sample6 third", portrait(4, 1), portrait(6, 2), Decision::Officer),
        ("sample1 right, sample4 left", portrait(1, last(1)), portrait(4, 0), Decision::Reject),
    ];
    let mut wrong = Vec::new();
    for (name, enrolled, seen, expected) in rows {
        let embedding = bench.embedder.enrol(&bench.finder, &enrolled).unwrap();
        let template = Template::pack(kind, &embedding).unwrap();
        let score = template.compare(&bench.probe(&seen).unwrap().0).unwrap();
        println!("{name}: {:.3}", score.value());
        if kind.decide(score) != expected {
            wrong.push((name, score, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_installed_networks_are_computed_in_steps_that_answer_as_their_whole_files() {
    let shown = bench().embedder.shown(&bench().finder, &portrait(1, 0)).unwrap();
    let names: Vec<&str> = shown.iter().map(|call| call.network.as_str()).collect();
    let recognisers = ["face_recognition_sface_2021dec_int8bq-fb143eea", "fr_feature-87aacdfe"];
    assert_eq!(names, ["detector", "landmarks", "landmarks", recognisers[0], recognisers[1]]);
    for call in shown {
        // A network whose steps do not answer as the file is run whole: in one step.
        let (steps, direct) = call.steps;
        assert!(direct >= 13 && steps > direct, "{} {steps} {direct}", call.network);
    }
}

/// In a photograph of several persons the one it was taken of is large and near the middle; a lane would not take it.
#[test]
fn the_main_face_of_a_group_is_found_and_told_from_a_portrait() {
    let bench = bench();
    let (group, faces) = sample(1);
    let main = bench.finder.main_face(&group).unwrap();
    assert!(faces.contains(&main.face) && main.second > 0.3 && !main.alone, "{main:?}");
    assert!(bench.finder.one_face(&group).is_err());
    let alone = bench.finder.main_face(&portrait(1, 0)).unwrap();
    assert!(alone.alone && alone.second < 0.1, "{alone:?}");
}
