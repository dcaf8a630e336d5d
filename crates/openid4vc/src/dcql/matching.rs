//! Matching: which credentials in a wallet answer a query, and what they would show.

use super::claims::Found;
use super::{ClaimQuery, CredentialQuery, Kind, Query};
use crate::claim_path::{ClaimPath, Segment};
use crate::{mdoc, sd_jwt};

/// A credential in a wallet.
#[derive(Debug, Clone, Copy)]
pub enum Candidate<'h> {
    /// In JSON.
    SdJwt(&'h sd_jwt::Held),
    /// In CBOR.
    Mdoc(&'h mdoc::Held),
}

/// What a credential would show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Disclosures of an SD-JWT, by their indexes.
    Disclosures(Vec<usize>),
    /// Elements of an mdoc: name space and name.
    Elements(Vec<(String, String)>),
}

/// A credential that answers a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its place among the candidates.
    pub candidate: usize,
    /// What it shows.
    pub shown: Shown,
}

/// A query that the wallet cannot answer: it returns nothing at all (`access_denied`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the wallet has no credential that answers this request")]
pub struct NotMet;

impl CredentialQuery {
    /// The credentials that answer, in order of the candidates: the wallet's user chooses among them.
    #[must_use]
    pub fn matches(&self, candidates: &[Candidate<'_>]) -> Vec<Match> {
        let of = |(candidate, held): (usize, &Candidate<'_>)| {
            let shown = match held {
                Candidate::SdJwt(held) => self.shows_json(held),
                Candidate::Mdoc(held) => self.shows_elements(held),
            };
            shown.map(|shown| Match { candidate, shown })
        };
        candidates.iter().enumerate().filter_map(of).collect()
    }

    fn shows_json(&self, held: &sd_jwt::Held) -> Option<Shown> {
        let Kind::SdJwt { types } = &self.kind else { return None };
        let bound = !self.binding_required || held.holder().is_some();
        let of_type = types.iter().any(|vct| held.is_of_type(vct));
        if !of_type || !bound || !self.takes_authority(held.certificates()) {
            return None;
        }
        let set = self.first_met(|claim| claim.in_json(held.claims(), false))?;
        let paths: Vec<ClaimPath> = set.iter().map(|claim| claim.path.clone()).collect();
        Some(Shown::Disclosures(held.select(&paths)))
    }

    fn shows_elements(&self, held: &mdoc::Held) -> Option<Shown> {
        let Kind::Mdoc { doc_type } = &self.kind else { return None };
        if held.security_object().doc_type() != doc_type || !self.takes_authority(held.certificates()) {
            return None;
        }
        let element = |name_space: &str, name: &str| {
            let is =
                |(space, element, _): &(&str, &str, &mdoc::Value)| *space == name_space && *element == name;
            held.elements().find(is).map(|(_, _, value)| value)
        };
        let set = self.first_met(|claim| claim.in_elements(element))?;
        let names = |claim: &ClaimQuery| match claim.path.segments() {
            [Segment::Name(name_space), Segment::Name(name)] => Some((name_space.clone(), name.clone())),
            _ => None,
        };
        Some(Shown::Elements(set.into_iter().filter_map(names).collect()))
    }

    fn first_met(&self, found: impl Fn(&ClaimQuery) -> Found) -> Option<Vec<&ClaimQuery>> {
        let met = |set: &Vec<&ClaimQuery>| set.iter().all(|claim| found(claim) == Found::Yes);
        self.alternatives().into_iter().find(met)
    }
}

impl Query {
    /// A whole answer: for each query that is answered its place and its matches, one of them unless the query takes several.
    /// Without `credential_sets` every query is answered; with them the first option of each required set that can be, and of the others
    /// where `optional` says so.
    ///
    /// # Errors
    /// [`NotMet`]: then nothing is returned.
    pub fn select(
        &self,
        candidates: &[Candidate<'_>],
        optional: bool,
    ) -> Result<Vec<(usize, Vec<Match>)>, NotMet> {
        let mut matches: Vec<Vec<Match>> =
            self.credentials.iter().map(|query| query.matches(candidates)).collect();
        for (query, matches) in self.credentials.iter().zip(&mut matches) {
            if !query.multiple {
                matches.truncate(1);
            }
        }
        let answers = |query: usize| matches.get(query).is_some_and(|matches| !matches.is_empty());
        if !self.is_met(answers) {
            return Err(NotMet);
        }
        let mut chosen = std::collections::BTreeSet::new();
        if self.sets.is_empty() {
            chosen.extend(0..self.credentials.len());
        }
        for set in self.sets.iter().filter(|set| set.required || optional) {
            let option = set.options.iter().find(|option| option.iter().all(|query| answers(*query)));
            chosen.extend(option.into_iter().flatten().copied());
        }
        let answer = |query: usize| matches.get(query).map(|matches| (query, matches.clone()));
        Ok(chosen.into_iter().filter_map(answer).collect())
    }
}
