//! What the tests on real faces share: the models, the pictures, the way from a file to a score.

use face::{Embedder, Embedding, FaceConfig, Finder, Image, Liveness, ModelFolder, Probe, Quality};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub struct Bench {
    pub config: FaceConfig,
    pub finder: Finder,
    pub embedder: Embedder,
    pub liveness: Liveness,
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The installed models. A missing one fails the test with the command that installs it.
pub fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let config = FaceConfig::builtin().unwrap();
        let folder = ModelFolder::new(&root().join("models"), &config).with_workers(2);
        let say = |error: face::ModelError| -> ! { panic!("{error}") };
        Bench {
            finder: Finder::load(&folder, &config).unwrap_or_else(|error| say(error)),
            embedder: Embedder::load(&folder, &config).unwrap_or_else(|error| say(error)),
            liveness: Liveness::load(&folder, &config).unwrap_or_else(|error| say(error)),
            config,
        }
    })
}

impl Bench {
    /// As a gate and an authority do it: the probe is encoded, sent, decoded and only then embedded.
    pub fn probe(&self, image: &Image) -> Result<(Embedding, Quality), face::FaceError> {
        let (probe, quality) = Probe::from_image(&self.finder, image)?;
        let received = Probe::decode(&probe.encode()).expect("what a gate encodes an authority decodes");
        Ok((self.embedder.embed(&received)?, quality))
    }
}

/// The folder of shared faces, or none (said aloud).
pub fn faces(test: &str) -> Option<PathBuf> {
    test_support::shared(test, "faces")
}

pub fn picture(path: &Path) -> Image {
    let bytes =
        std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}; run `make models`", path.display()));
    Image::decode(&bytes).unwrap()
}

/// Names (without extension) in a folder, in order.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}
