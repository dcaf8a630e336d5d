//! Base45 as others wrote it: RFC 9285's examples and the texts of health certificates of many countries.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here fails the test")]

use code::{CodeError, CrossingCode, base45};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn vectors(test: &str) -> Option<PathBuf> {
    test_support::shared(test, "vectors")
}

fn json(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// All JSON files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let json = files.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "json"));
    json.chain(folders.iter().flat_map(|folder| self::files(folder))).collect()
}

#[test]
fn the_examples_of_the_standard_hold_both_ways() {
    let Some(vectors) = vectors("the_examples_of_the_standard_hold_both_ways") else { return };
    let file = json(&vectors.join("base45/rfc9285.json"));
    let valid = file["valid"].as_array().unwrap().iter().chain([&file["max_triplet"]]);
    let mut count = 0;
    for row in valid {
        let (text, bytes) =
            (row["base45"].as_str().unwrap(), hex::decode(row["bytes_hex"].as_str().unwrap()).unwrap());
        assert_eq!(base45::encode(&bytes), text);
        assert_eq!(base45::decode(text), Ok(bytes));
        count += 1;
    }
    for row in file["invalid"].as_array().unwrap() {
        let text = row["base45"].as_str().unwrap();
        assert!(base45::decode(text).is_err(), "row {text:?}: {}", row["why"]);
        count += 1;
    }
    assert!(count > 6, "{count} rows");
}

#[test]
fn the_certificates_of_many_countries_decode_and_none_is_taken_for_a_crossing_code() {
    let test = "the_certificates_of_many_countries_decode_and_none_is_taken_for_a_crossing_code";
    let Some(vectors) = vectors(test) else { return };
    let (mut count, mut prefixed) = (0, 0);
    for file in files(&vectors.join("dgc")) {
        let row = json(&file);
        let name = file.display();
        if let Some(text) = row["PREFIX"].as_str().filter(|text| text.starts_with("HC1:")) {
            let refused = CrossingCode::parse(text, &mut Vec::new()).map(|_| ());
            assert_eq!(refused, Err(CodeError::OtherSystem { system: "an EU health certificate" }), "{name}");
            prefixed += 1;
        }
        let (Some(text), Some(compressed)) = (row["BASE45"].as_str(), row["COMPRESSED"].as_str()) else {
            continue;
        };
        let expected = row["EXPECTEDRESULTS"]["EXPECTEDB45DECODE"].as_bool().unwrap_or(true);
        match base45::decode(text) {
            Ok(bytes) => {
                assert!(expected, "{name} must not decode");
                assert!(hex::decode(compressed).is_ok_and(|compressed| compressed == bytes), "{name}");
                assert_eq!(base45::encode(&bytes), text, "{name}");
            }
            Err(error) => assert!(!expected, "{name}: {error}"),
        }
        count += 1;
    }
    assert!(count >= 25 && prefixed >= 50, "{count} certificates, {prefixed} with prefix");
}
