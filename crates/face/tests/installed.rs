//! Model files that are missing, altered or incomplete.

use face::{Embedder, FaceConfig, Finder, Liveness, ModelError, ModelFolder};

#[test]
fn a_missing_or_altered_model_names_the_file_and_the_command_that_mends_it() {
    let config = FaceConfig::builtin().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let folder = ModelFolder::new(empty.path(), &config);
    let missing = [
        ("face_detection_yunet_2023mar_int8bq.onnx", Finder::load(&folder, &config).map(drop)),
        ("face_recognition_sface_2021dec_int8bq.onnx", Embedder::load(&folder, &config).map(drop)),
        ("fr_liveness.onnx", Liveness::load(&folder, &config).map(drop)),
    ];
    for (file, result) in missing {
        let error = result.unwrap_err();
        assert!(matches!(error, ModelError::Missing { .. }));
        assert!(error.to_string().contains(file) && error.to_string().contains("make models"), "{error}");
    }
    for content in [&b""[..], b"not a model", &[0; 4096]] {
        std::fs::write(empty.path().join("fr_liveness.onnx"), content).unwrap();
        let error = Liveness::load(&folder, &config).map(drop).unwrap_err();
        assert!(matches!(error, ModelError::Altered { .. }));
        assert!(error.to_string().contains("fr_liveness.onnx") && error.to_string().contains("make models"));
    }
}

#[test]
fn one_changed_byte_in_an_installed_model_is_noticed() {
    let config = FaceConfig::builtin().unwrap();
    let installed = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../models/node_modules/faceplugin-face-recognition-js/model/fr_landmark.onnx");
    let mut bytes = std::fs::read(installed).expect("the face models are not installed; run `make models`");
    let detector = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../models/node_modules/faceplugin-face-recognition-js/model/fr_detect.onnx");
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(detector, copy.path().join("fr_detect.onnx")).unwrap();
    std::fs::write(copy.path().join("fr_landmark.onnx"), &bytes).unwrap();
    let folder = ModelFolder::new(copy.path(), &config);
    assert!(
        Finder::load(&folder, &config).is_ok(),
        "a folder of bare files is taken too, and the second detector"
    );
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(copy.path().join("fr_landmark.onnx"), &bytes).unwrap();
    let error = Finder::load(&folder, &config).map(drop).unwrap_err();
    assert!(matches!(&error, ModelError::Altered { name } if name == "fr_landmark.onnx"), "{error}");
}
