//! Doubts: what an answer rests on that the sources leave open, and rows that have grown old.
//!
//! Lives here: `Doubts`. Not here: the rules themselves (`rules`). An answer rests on a switch where the switch's
//! other value would change it; that is tried out, switch by switch, and so is never forgotten.

use crate::rules::{Rules, RulesError};
use crate::{Answer, CaseAnswers, CaseFile, Document, Doubt, Holder, LocalDate, Movement, may_cross};

/// The rules beside every one of their variants in which one open switch has its other value.
pub struct Doubts {
    rules: Rules,
    variants: Vec<(String, Rules)>,
}

impl Doubts {
    /// Of the data files that the program carries.
    ///
    /// # Errors
    /// As [`Rules::builtin`].
    pub fn builtin() -> Result<Self, RulesError> {
        let rules = Rules::builtin()?;
        let report = rules.report();
        let variants = report.switches().iter().filter_map(|switch| {
            let other = switch.other.clone()?;
            Some(Rules::with_switch(&switch.id, &other).map(|variant| (switch.id.clone(), variant)))
        });
        let variants = variants.collect::<Result<_, _>>()?;
        Ok(Self { rules, variants })
    }

    /// The rules as they stand.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Answers a case file, each answer with its doubts.
    #[must_use]
    pub fn answer_case(&self, case: &CaseFile) -> CaseAnswers {
        let mut answers = crate::answer_case(&self.rules, case);
        for answer in &mut answers.answers {
            answer.doubts = self.of(&case.holder, &case.documents, &case.movements, answer);
        }
        answers
    }

    /// What the answer to a question about this person rests on.
    #[must_use]
    pub fn of(
        &self,
        holder: &Holder,
        documents: &[Document],
        movements: &[Movement],
        answer: &Answer,
    ) -> Vec<Doubt> {
        let question = &answer.question;
        let day = question.at.local_date();
        let port = |rules: &Rules| rules.port(&question.port, day).cloned();
        let plain = may_cross(&self.rules, holder, documents, movements, question);
        let differs = |rules: &Rules| {
            port(rules) != port(&self.rules)
                || may_cross(rules, holder, documents, movements, question) != plain
        };
        let mut doubts: Vec<Doubt> = self
            .variants
            .iter()
            .filter(|(_, rules)| differs(rules))
            .map(|(id, _)| Doubt::Switch { id: id.clone() })
            .collect();
        doubts.extend(self.old_rows(answer, day));
        doubts
    }

    fn old_rows(&self, answer: &Answer, day: LocalDate) -> Vec<Doubt> {
        let mut rows = Vec::new();
        if let Some(port) = self.rules.port(&answer.question.port, day) {
            rows.push((format!("ports.toml: {}", port.id), port.as_of.unwrap_or(self.rules.as_of())));
        }
        let sides = [&answer.exit, &answer.entry].into_iter().flatten();
        for form in sides.filter_map(|side| side.endorsement.as_ref()) {
            rows.push((format!("endorsements.csv: {form}"), self.rules.as_of()));
        }
        rows.sort();
        rows.dedup();
        let age = i32::from(self.rules.stale_after_days());
        let old = rows.into_iter().filter(|(_, as_of)| age < day.days_since(*as_of));
        old.map(|(row, as_of)| Doubt::Old { row, as_of }).collect()
    }
}
