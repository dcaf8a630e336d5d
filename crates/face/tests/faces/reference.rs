//! Scores held against ONNX Runtime on the same crops: `tests/reference/*.csv` hold what it computed.
//!
//! To make the files anew (other model, other alignment): run the test with `BAYPASS_REFERENCE` naming a folder, which
//! receives a folder for each recogniser with its network and ten crops as numbers; then for each
//! `python3 tests/reference/scores.py FOLDER/MODEL > tests/reference/MODEL.csv`.

use crate::shared::{bench, faces, picture};

const PEOPLE: [&str; 5] = ["A000055", "D000197", "K000380", "R000395", "W000798"];
const RECOGNISERS: [(&str, &str); 2] = [
    (
        "face_recognition_sface_2021dec_int8bq-fb143eea",
        include_str!("../reference/face_recognition_sface_2021dec_int8bq-fb143eea.csv"),
    ),
    ("fr_feature-87aacdfe", include_str!("../reference/fr_feature-87aacdfe.csv")),
];

#[test]
fn scores_of_ten_crops_equal_those_of_onnx_runtime() {
    let Some(faces) = faces("scores_of_ten_crops_equal_those_of_onnx_runtime") else { return };
    let bench = bench();
    let mut described = RECOGNISERS.map(|_| Vec::<Vec<f32>>::new());
    for id in PEOPLE {
        for which in ["a", "b"] {
            let image = picture(&faces.join(format!("genuine/{id}-{which}.jpg")));
            let shown = bench.embedder.shown(&bench.finder, &image).unwrap();
            for ((model, _), described) in RECOGNISERS.iter().zip(&mut described) {
                let call = shown.iter().find(|call| call.network == *model).unwrap();
                if let Some(folder) = std::env::var_os("BAYPASS_REFERENCE") {
                    let folder = std::path::Path::new(&folder).join(model);
                    std::fs::create_dir_all(&folder).unwrap();
                    let bytes: Vec<u8> = call.input.iter().flat_map(|v| v.to_le_bytes()).collect();
                    std::fs::write(folder.join(format!("{id}-{which}.f32")), bytes).unwrap();
                    std::fs::write(folder.join("model.onnx"), call.portable().unwrap()).unwrap();
                }
                described.push(call.output.clone());
            }
        }
    }
    for ((model, scores), described) in RECOGNISERS.iter().zip(described) {
        let mut expected = scores.lines().map(|score| score.parse::<f32>().unwrap());
        let (mut largest, mut compared) = (0.0_f32, 0);
        for (i, a) in described.iter().enumerate() {
            for b in described.iter().take(i) {
                let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
                let score = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
                largest = largest.max((score - expected.next().unwrap()).abs());
                compared += 1;
            }
        }
        println!("{model}: {compared} scores, largest difference to ONNX Runtime {largest:.1e}");
        assert_eq!((compared, expected.next()), (45, None));
        assert!(largest < 1e-4, "{model}: {largest}");
    }
}
