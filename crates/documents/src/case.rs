//! Case files: one person, documents, movements and questions as JSON (`docs/cases.md`).
//!
//! Lives here: `CaseFile`, its strict reading, the answer as JSON, the short text of an endorsement.
//! Not here: any rule. Unknown fields are refused, and an error names the field and what to write.

mod answer;
mod endorsement;
mod file;

use crate::{
    Answer, AuthorityCode, Birth, Document, DocumentKind, DocumentNumber, Holder, LocalDate, Movement,
    Nationality, Question, Residence, ResidenceClass, Rules, Side, may_cross,
};

pub use endorsement::{EndorsementTextError, parse_endorsement};

/// A person, their documents and past movements, and perhaps questions. `Debug` shows no field.
#[derive(Clone, PartialEq, Eq)]
pub struct CaseFile {
    /// Name in Latin letters as in a passport; empty where the file has none.
    pub name: String,
    /// Name in Chinese characters, where the file has one.
    pub name_zh: Option<String>,
    /// The city in which they live; plays no part in a question.
    pub city: Option<String>,
    /// The person, as far as the rules ask.
    pub holder: Holder,
    /// Their documents, in the order of the file.
    pub documents: Vec<Document>,
    /// Kinds of the documents whose number the file leaves out. They get a specimen number, which is enough for a
    /// question and not for a registry.
    pub specimen_numbers: Vec<DocumentKind>,
    /// Past passages, in the order of the file.
    pub movements: Vec<Movement>,
    /// The questions of the file, in its order; empty where it asks none.
    pub questions: Vec<Question>,
    /// Whether the file used `question`, which is answered by one object, and not `questions`, answered by a list.
    pub single: bool,
}
crate::redact_debug!(CaseFile);

/// A case file that cannot be read: which field is wrong, and what to write there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what}")]
pub struct CaseError {
    /// The field, such as `documents[0].endorsements[1].from`.
    pub path: String,
    /// What is wrong and what to write, as an English phrase without personal data.
    pub what: String,
}

impl CaseError {
    fn at(path: impl Into<String>, what: impl std::fmt::Display) -> Self {
        Self { path: path.into(), what: what.to_string() }
    }
}

/// The answers to a case file: as JSON one object for `question`, a list for `questions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseAnswers {
    /// One for each question, in order.
    pub answers: Vec<Answer>,
    single: bool,
}

impl serde::Serialize for CaseAnswers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.answers.first() {
            Some(answer) if self.single => answer.serialize(serializer),
            Some(_) | None => self.answers.serialize(serializer),
        }
    }
}

impl CaseFile {
    /// Reads a case file. `rules` name the forms of endorsement and the ports.
    ///
    /// # Errors
    /// The first field that cannot be read, and what belongs there.
    pub fn parse(text: &str, rules: &Rules) -> Result<Self, CaseError> {
        file::read(text, rules)
    }

    /// The identity card's number: the document by which the home authority knows the person.
    #[must_use]
    pub fn identity_card(&self) -> Option<&DocumentNumber> {
        let kind = match self.holder.home {
            AuthorityCode::Chn => DocumentKind::MainlandId,
            AuthorityCode::Hkg => DocumentKind::Hkid,
            AuthorityCode::Mac => DocumentKind::MacaoBir,
        };
        self.documents.iter().find(|d| d.kind() == kind).map(|d| &d.number)
    }
}

/// Asks every question of the file.
#[must_use]
pub fn answer_case(rules: &Rules, case: &CaseFile) -> CaseAnswers {
    let ask = |q| may_cross(rules, &case.holder, &case.documents, &case.movements, q);
    CaseAnswers { answers: case.questions.iter().map(ask).collect(), single: case.single }
}

/// The holder, as the fields of a file describe them.
struct PersonFields {
    home: AuthorityCode,
    also: Option<AuthorityCode>,
    permanent: Option<bool>,
    symbol: Option<String>,
    birth: LocalDate,
    nationality: Option<Nationality>,
    registered: bool,
    height_cm: Option<u16>,
    zone_staff: bool,
}

impl PersonFields {
    fn holder(self) -> Result<Holder, CaseError> {
        let class = match (self.permanent, self.symbol.as_deref()) {
            (None | Some(true), None) => ResidenceClass::Permanent,
            (Some(false), None) => ResidenceClass::NonPermanent,
            (None | Some(false), Some("***" | "*" | "R")) if self.home == AuthorityCode::Hkg => {
                ResidenceClass::NonPermanentMarked
            }
            (_, Some(_)) => {
                let what = "write ***, * or R, for a Hong Kong resident who is not permanent";
                return Err(CaseError::at("person.hkid_symbol", what));
            }
        };
        if self.home == AuthorityCode::Chn && self.permanent == Some(false) {
            let what = "permanent residence is a matter of HKG and MAC; leave it out for the mainland";
            return Err(CaseError::at("person.permanent", what));
        }
        let mut holder = Holder::new(self.home, class, Birth::Date(self.birth));
        if let Some(also) = self.also {
            if also == self.home || !also.is_sar() || !self.home.is_sar() {
                let what = "write the other region, for a resident of Hong Kong and of Macao";
                return Err(CaseError::at("person.also_resident_of", what));
            }
            holder.residences.push(Residence { of: also, class: ResidenceClass::Permanent });
        }
        holder.nationality = self.nationality;
        holder.registered = self.registered;
        // ports section 2 [1]: 1.2 m or taller.
        holder.tall_enough = self.height_cm.is_none_or(|cm| cm >= 120);
        holder.height_cm = self.height_cm;
        holder.zone_staff = self.zone_staff;
        Ok(holder)
    }
}

/// Reads the name of a side.
fn side(text: &str, path: &str) -> Result<Side, CaseError> {
    text.parse().map_err(|e| CaseError::at(path, e))
}
