//! Comparing: the scores of all pairs in one template format, by age, by LFW's protocol, and as a file.
//!
//! Lives here: which pair's score goes where. Not here: rates and intervals (`evaluate`), what a picture gave (`evaluate` beside
//! this).

use std::io::{self, Write};
use std::path::Path;

use evaluate::{
    AgeRates, AgeReport, Ages, BANDS, Band, Cohorts, Comparisons, FoldedPair, Group, Mated, NonMated,
    Protocol,
};
use face::{Embedding, Fusion, Score, Template};

use super::set::Set;
use crate::failure::Failure;

/// How a registry's picture is compared with a probe. Templates are by file; none of a picture that could not be used, or is no
/// registry's.
#[derive(Clone)]
pub(super) enum Scorer<'a> {
    /// By one kind of template.
    Alone(&'a [Option<Template>]),
    /// By several, each with its code, counted together.
    Fused(&'a Fusion, &'a [(u8, Vec<Option<Template>>)]),
}

impl Scorer<'_> {
    fn score(&self, registry: usize, probe: &Embedding) -> Option<Score> {
        let compare = |templates: &[Option<Template>]| templates.get(registry)?.as_ref()?.compare(probe).ok();
        match self {
            Self::Alone(templates) => compare(templates),
            Self::Fused(fusion, kinds) => {
                fusion.score(|code| compare(&kinds.iter().find(|(kind, _)| *kind == code)?.1))
            }
        }
    }
}

/// The pictures of a set, described in one format.
pub(super) struct Compared<'a, P> {
    pub(super) set: &'a Set,
    pub(super) scorer: Scorer<'a>,
    /// By file; none of a picture that could not be used.
    pub(super) probe: &'a P,
    /// At most so many impostor pairs, drawn by this seed.
    pub(super) drawn: (usize, u64),
}

impl<'a, P: Fn(usize) -> Option<&'a Embedding>> Compared<'a, P> {
    fn score(&self, registry: usize, probe: usize) -> Option<f32> {
        self.scorer.score(registry, (self.probe)(probe)?).map(Score::value)
    }

    fn usable(&self, file: usize) -> bool {
        (self.probe)(file).is_some()
    }

    fn mated(&self, keep: impl Fn(usize) -> bool) -> Vec<Mated> {
        let pairs = self.set.genuine.iter().filter(|pair| keep(pair.person));
        pairs
            .map(|pair| Mated { person: pair.person, score: self.score(pair.registry, pair.probe) })
            .collect()
    }

    fn non_mated(
        &self,
        of: impl Fn(usize) -> bool,
        keep: impl Fn([usize; 2]) -> bool,
    ) -> (Vec<NonMated>, usize) {
        let mut pairs = Vec::new();
        let possible = self.set.impostors(
            |person, file| of(person) && self.usable(file),
            keep,
            self.drawn,
            |pair| {
                let score = self.score(pair.registry, pair.probe);
                pairs.extend(score.map(|score| NonMated::new(pair.persons, score)));
            },
        );
        (pairs, possible)
    }

    /// All pairs, and how many impostor pairs there are.
    pub(super) fn all(&self) -> (Comparisons, usize) {
        let (impostors, possible) = self.non_mated(|_| true, |_| true);
        (Comparisons::new(self.set.persons.len(), self.mated(|_| true), impostors), possible)
    }

    /// The figures of LFW's protocol, of a list in its form.
    pub(super) fn protocol(&self) -> Option<Protocol> {
        let same = self.set.genuine.iter().map(|pair| (pair.fold, true, pair.registry, pair.probe));
        let different = self.set.named.iter().map(|pair| (pair.fold, false, pair.registry, pair.probe));
        let pairs: Vec<FoldedPair> = same
            .chain(different)
            .map(|(fold, same, registry, probe)| FoldedPair {
                fold,
                same,
                score: self.score(registry, probe),
            })
            .collect();
        self.set.lfw.then(|| Protocol::of(&pairs)).flatten()
    }

    /// The rates of each age band: of all its pairs, and within and across cohorts where there are labels.
    pub(super) fn by_age(
        &self,
        ages: &Ages,
        labels: Option<&Cohorts>,
        thresholds: &[f64],
        replicates: usize,
    ) -> AgeReport {
        let persons = &self.set.persons;
        let bands: Vec<Option<Band>> = persons.iter().map(|name| ages.band(name)).collect();
        let labelled: Vec<Option<&str>> =
            persons.iter().map(|name| labels.and_then(|of| of.of(name))).collect();
        let label = |person: usize| labelled.get(person).copied().flatten();
        let mut rows = Vec::new();
        for band in BANDS {
            let of_band = |person: usize| bands.get(person).copied().flatten() == Some(band);
            let mut known: Vec<&str> = (0..persons.len()).filter(|p| of_band(*p)).filter_map(label).collect();
            known.sort_unstable();
            known.dedup();
            let mut groups = vec![Group::All];
            groups.extend(known.iter().map(|label| Group::Within((*label).to_owned())));
            groups.extend((known.len() > 1).then_some(Group::Across));
            for group in groups {
                let is_in = |person: usize| {
                    of_band(person)
                        && match &group {
                            Group::All => true,
                            Group::Within(of) => label(person) == Some(of.as_str()),
                            Group::Across => label(person).is_some(),
                        }
                };
                let (pairs, possible_pairs) = self.non_mated(is_in, |pair| group.holds(pair.map(label)));
                // Of two cohorts nobody is one person.
                let genuine = self.mated(|person| is_in(person) && group != Group::Across);
                if pairs.is_empty() && genuine.is_empty() {
                    continue;
                }
                let all = Comparisons::new(persons.len(), genuine, pairs).among(is_in);
                let resampled = all.resampled(replicates, self.drawn.1);
                rows.extend(thresholds.iter().map(|threshold| AgeRates {
                    band,
                    group: group.clone(),
                    threshold: *threshold,
                    possible_pairs,
                    rates: resampled.rates_at(*threshold),
                }));
            }
        }
        AgeReport { rows, without_age: bands.iter().filter(|band| band.is_none()).count() }
    }
}

/// Writes the score of every pair that was compared, a column for each format, whole or not at all; one pair is held in memory
/// at a time. The score of a pair with a picture that could not be used is empty.
pub(super) fn write_scores<'a, P: Fn(usize) -> Option<&'a Embedding>>(
    file: &Path,
    formats: &[&str],
    compared: &[Compared<'a, P>],
) -> Result<(), Failure> {
    let written = files::write_whole_by(file, |out| lines(out, formats, compared));
    written.map_err(|error| {
        Failure::new(format!("{} cannot be written ({error}); give another place", file.display()))
    })
}

fn lines<'a, P: Fn(usize) -> Option<&'a Embedding>>(
    out: &mut dyn Write,
    formats: &[&str],
    compared: &[Compared<'a, P>],
) -> io::Result<()> {
    writeln!(out, "registry,probe,kind,{}", formats.join(","))?;
    let Some(first) = compared.first() else { return Ok(()) };
    let set = first.set;
    let names: Vec<String> = (0..set.files.len()).map(|file| cell(&set.name(file))).collect();
    let name = |file: usize| names.get(file).map_or("", String::as_str);
    let mut line = |registry: usize, probe: usize, kind: &str| {
        write!(out, "{},{},{kind}", name(registry), name(probe))?;
        for format in compared {
            match format.score(registry, probe) {
                Some(score) => write!(out, ",{score}")?,
                None => write!(out, ",")?,
            }
        }
        writeln!(out)
    };
    for pair in &set.genuine {
        line(pair.registry, pair.probe, "same")?;
    }
    let mut written = Ok(());
    set.impostors(
        |_, file| first.usable(file),
        |_| true,
        first.drawn,
        |pair| {
            if written.is_ok() {
                written = line(pair.registry, pair.probe, "different");
            }
        },
    );
    written?;
    for pair in set.named.iter().filter(|pair| !first.usable(pair.registry) || !first.usable(pair.probe)) {
        line(pair.registry, pair.probe, "different")?;
    }
    Ok(())
}

/// A name as a cell of CSV (RFC 4180).
fn cell(name: &str) -> String {
    if name.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_comma_stays_one_cell() {
        for (name, written) in [
            ("Ann/Ann_0001.jpg", "Ann/Ann_0001.jpg"),
            ("last, first.jpg", "\"last, first.jpg\""),
            ("a \"b\".jpg", "\"a \"\"b\"\".jpg\""),
        ] {
            assert_eq!(cell(name), written);
        }
    }
}
