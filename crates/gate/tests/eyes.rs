//! The face capture of a lane on real photographs: what becomes a probe, and what does not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers, outside of the test functions themselves"
)]

use std::path::{Path, PathBuf};

use face::{FaceConfig, ModelFolder, Probe};
use gate::{FaceCapture, GateReason, ModelCapture};
use test_support::bombs::{Answer, Bomb, bombs};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The shared photographs; without them a test says loudly that it was skipped.
fn photographs(test: &str) -> Option<Vec<PathBuf>> {
    let folder = test_support::shared(test, "faces/portraits")?;
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|p| p.is_file())
        .collect();
    files.sort();
    Some(files)
}

fn faces() -> ModelCapture {
    let config = FaceConfig::builtin().unwrap();
    // A missing model names the command that installs it.
    ModelCapture::load(&ModelFolder::new(&root().join("models"), &config), config)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_portrait_becomes_a_probe_of_as_many_frames_as_there_were_pictures() {
    let Some(files) = photographs("a portrait becomes a probe") else { return };
    let faces = faces();
    let mut made = 0;
    for file in files.iter().take(6) {
        let picture = std::fs::read(file).unwrap();
        for count in [1, 3] {
            let Ok(look) = faces.capture(&vec![picture.clone(); count]) else { continue };
            assert!(look.probe.len() <= clearance::MAX_PROBE_LEN);
            Probe::decode(&look.probe).unwrap();
            made += 1;
        }
    }
    assert!(made >= 8, "only {made} of 12 looks at portraits gave a probe");
}

#[test]
fn what_is_no_picture_of_one_face_has_its_own_reason() {
    let faces = faces();
    let grey = image::RgbImage::from_pixel(640, 480, image::Rgb([120, 120, 120]));
    let mut blank = std::io::Cursor::new(Vec::new());
    grey.write_to(&mut blank, image::ImageFormat::Png).unwrap();
    for (row, picture, expected) in [
        ("an empty file", Vec::new(), GateReason::FacePictureUnreadable),
        ("a text file", b"hello".to_vec(), GateReason::FacePictureUnreadable),
        ("a grey wall", blank.into_inner(), GateReason::FaceNone),
    ] {
        let fault = faces.capture(&[picture]).unwrap_err();
        assert_eq!(fault.reason, expected, "{row}");
        assert!(!fault.detail.is_empty(), "{row}: nothing is said to help");
    }
    assert_eq!(faces.capture(&[]).unwrap_err().reason, GateReason::FaceNone, "no picture at all");
}

#[test]
fn a_picture_that_would_take_all_memory_is_no_face_or_no_picture() {
    let faces = faces();
    for Bomb { name, file, answer } in bombs() {
        let expected = match answer {
            Answer::Read => GateReason::FaceNone,
            Answer::TooLarge | Answer::Damaged => GateReason::FacePictureUnreadable,
        };
        assert_eq!(faces.capture(&[file]).unwrap_err().reason, expected, "{name}");
    }
}
