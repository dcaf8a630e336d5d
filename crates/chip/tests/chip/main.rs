//! Chips of an issuer of our own, and what can be wrong with them: each fault has its code, and nothing that was changed is believed.

#![expect(clippy::unwrap_used, reason = "tests: a failing helper fails the test that called it")]

mod active;
mod changed;
mod codes;
mod files;
mod lists;
mod others;
mod passive;
mod published;

use std::collections::BTreeMap;

use chip::{AuthenticChip, ChipFiles, CountrySigners, Group, PassiveError, authenticate};
use documents::Timestamp;
use test_support::chip::{Country, Scheme, Signer, Specimen, portrait};

/// Noon at UTC+8 on 24 November 2026, when the specimens are read.
fn now() -> Timestamp {
    "2026-11-24T12:00:00+08:00".parse().unwrap()
}

fn files(sod: &[u8], groups: &BTreeMap<u8, Vec<u8>>) -> ChipFiles {
    groups.iter().fold(ChipFiles::new(sod.to_vec()).unwrap(), |files, (number, file)| {
        files.with(Group::new(*number).unwrap(), file.clone()).unwrap()
    })
}

fn countries(country: &Country) -> CountrySigners {
    CountrySigners::from_certificates([country.certificate()]).unwrap()
}

/// A country, an honest signer, and a document that they issued.
struct Issued {
    country: Country,
    signer: Signer,
    specimen: Specimen,
}

impl Issued {
    fn new() -> Self {
        Self::by(Scheme::P256, Scheme::P256)
    }

    fn by(country: Scheme, signer: Scheme) -> Self {
        let country = Country::new("UT", country);
        let signer = country.signer(signer);
        let specimen = Specimen::new(&signer, &portrait(120));
        Self { country, signer, specimen }
    }

    fn files(&self) -> ChipFiles {
        files(&self.specimen.sod, &self.specimen.groups)
    }

    fn read(&self) -> Result<AuthenticChip, PassiveError> {
        authenticate(&self.files(), &countries(&self.country), now())
    }

    /// The same groups under another EF.SOD.
    fn with_sod(&self, sod: &[u8]) -> Result<AuthenticChip, PassiveError> {
        let files = files(sod, &self.specimen.groups);
        authenticate(&files, &countries(&self.country), now())
    }
}

fn code<T>(answer: Result<T, PassiveError>) -> &'static str {
    match answer {
        Ok(_) => "believed",
        Err(error) => {
            assert!(error.to_string().len() > 20, "a sentence: {error}");
            error.code()
        }
    }
}
