//! An installation in a folder of the test's own, and people with real faces for it: heads out of an installed
//! package's photographs.

use std::path::PathBuf;
use std::process::{Command, Output};

use evaluate::rephotograph;
use face::{FaceConfig, Finder, Image, ModelFolder, Probe};
use serde_json::Value;

pub fn models() -> PathBuf {
    test_support::models()
}

pub fn finder() -> Finder {
    let config = FaceConfig::builtin().unwrap();
    Finder::load(&ModelFolder::new(&models(), &config), &config).expect("the face models; run `make models`")
}

/// Portraits of different people, each with the same head photographed again.
pub fn people(count: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let finder = finder();
    let bounds = *FaceConfig::builtin().unwrap().quality();
    let mut found = Vec::new();
    // Sample 2 has a profile and a bowed head behind hair.
    for sample in [5, 6, 2] {
        let file = models().join(format!("node_modules/@vladmandic/face-api/demo/sample{sample}.jpg"));
        let image = Image::decode(&std::fs::read(file).unwrap()).unwrap();
        for face in finder.detect(&image).unwrap() {
            let Ok(portrait) = finder.portrait(&image, &face) else { continue };
            // A neighbour's face in the picture is a second person.
            let live = rephotograph(&portrait, 3).unwrap();
            let fit = Probe::from_image(&finder, &portrait).is_ok_and(|(_, q)| bounds.check(&q).is_ok())
                && finder.detect(&live).is_ok_and(|faces| faces.len() == 1);
            if face.height() >= 80.0 && fit && found.len() < count {
                let live = live.to_jpeg(90).unwrap();
                found.push((portrait.to_jpeg(95).unwrap(), live));
            }
        }
    }
    assert_eq!(found.len(), count);
    found
}

/// A folder for one test, wiped at its end.
pub struct Folder(pub tempfile::TempDir, Vec<(&'static str, PathBuf)>);

impl Folder {
    pub fn new() -> Self {
        Self(
            tempfile::Builder::new().prefix("baypass-test-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(),
            Vec::new(),
        )
    }

    /// Sets a variable of every command's environment.
    pub fn with(mut self, variable: &'static str, value: PathBuf) -> Self {
        self.1.push((variable, value));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// The installation in this folder.
    pub fn dir(&self) -> PathBuf {
        self.path("bay")
    }

    /// Runs a command in this folder; `DIR` stands for the installation.
    pub fn run(&self, line: &[&str]) -> Run {
        Run(self.command(line).output().unwrap())
    }

    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_baypass"));
        command.current_dir(self.0.path()).envs(self.1.iter().cloned());
        if !line.contains(&"--models") {
            command.arg("--models").arg(models().canonicalize().unwrap());
        }
        command.args(line.iter().map(|word| if *word == "DIR" { "bay" } else { word }));
        command
    }

    /// A new installation.
    pub fn init(&self) -> &Self {
        self.run(&["init", "DIR"]).code(0);
        self
    }
}

/// What a command said.
pub struct Run(pub Output);

impl Run {
    pub fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn code(&self, wanted: i32) -> &Self {
        assert_eq!(self.0.status.code(), Some(wanted), "stdout: {}\nstderr: {}", self.out(), self.err());
        self
    }

    /// The answer as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.0.stdout)
            .unwrap_or_else(|e| panic!("{e}: {} {}", self.out(), self.err()))
    }

    /// Asserts that wrong input was told in one sentence with these words, and nothing else.
    #[track_caller]
    pub fn told(&self, words: &[&str]) {
        self.code(2);
        let said = self.err();
        assert!(said.starts_with("baypass: "), "{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
        assert!(!said.contains("panicked"), "{said}");
    }
}
