//! Scores held against ONNX Runtime on the same crops: `tests/reference/scores.csv` holds what it computed.
//!
//! To make the file anew (other model, other alignment): run the test with `BAYPASS_REFERENCE` naming a folder, which
//! receives the ten crops as numbers, and then `python3 tests/reference/scores.py FOLDER > tests/reference/scores.csv`.

use crate::shared::{bench, faces, picture};

const PEOPLE: [&str; 5] = ["A000055", "D000197", "K000380", "R000395", "W000798"];
const SCORES: &str = include_str!("../reference/scores.csv");

#[test]
fn scores_of_ten_crops_equal_those_of_onnx_runtime() {
    let Some(faces) = faces("scores_of_ten_crops_equal_those_of_onnx_runtime") else { return };
    let bench = bench();
    let mut described: Vec<Vec<f32>> = Vec::new();
    for id in PEOPLE {
        for which in ["a", "b"] {
            let image = picture(&faces.join(format!("genuine/{id}-{which}.jpg")));
            let shown = bench.embedder.shown(&bench.finder, &image).unwrap();
            let feature = shown.iter().find(|call| call.network == "feature").unwrap();
            if let Some(folder) = std::env::var_os("BAYPASS_REFERENCE") {
                let bytes: Vec<u8> = feature.input.iter().flat_map(|v| v.to_le_bytes()).collect();
                std::fs::write(std::path::Path::new(&folder).join(format!("{id}-{which}.f32")), bytes)
                    .unwrap();
                std::fs::write(std::path::Path::new(&folder).join("model"), feature.file.to_str().unwrap())
                    .unwrap();
            }
            described.push(feature.output.clone());
        }
    }
    let mut expected = SCORES.lines().map(|score| score.parse::<f32>().unwrap());
    let (mut largest, mut compared) = (0.0_f32, 0);
    for (i, a) in described.iter().enumerate() {
        for b in described.iter().take(i) {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let score = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
            largest = largest.max((score - expected.next().unwrap()).abs());
            compared += 1;
        }
    }
    println!("{compared} scores, largest difference to ONNX Runtime {largest:.1e}");
    assert_eq!((compared, expected.next()), (45, None));
    assert!(largest < 1e-4, "{largest}");
}
