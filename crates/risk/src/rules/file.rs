//! File: a TOML file of rules with unit cases beside each, read strictly; every fault is told with its line.
//!
//! Lives here: [`read`]. Not here: what a condition may be (`engine`), what a rule is for (`rules`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::{MAX_RULES, MAX_RULES_TEXT, Rule, RuleStage};
use crate::engine::{Condition, RuleEngine};
use crate::facts::Facts;
use crate::fault::{Fault, FaultKind, Faults, Lines};
use crate::finding::{Doubt, Harm, RuleId};
use crate::schema::{About, Schema, SignalId, raw_of};

/// Most cases of a rule.
const MAX_CASES: usize = 16;
/// Longest sentence, in bytes.
const MAX_SAYS: usize = 300;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    rule: Vec<Spanned<Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: Spanned<String>,
    says: Spanned<String>,
    doubt: Spanned<String>,
    harm: Spanned<String>,
    stage: Option<Spanned<String>>,
    #[serde(default)]
    suspends: bool,
    when: Spanned<String>,
    #[serde(default)]
    case: Vec<Spanned<Case>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    says: String,
    holds: bool,
    #[serde(default)]
    signals: BTreeMap<Spanned<String>, toml::Value>,
}

/// The name and the rules of a file.
pub fn read(
    file: &str,
    text: &str,
    schema: &Schema,
    engine: &dyn RuleEngine,
) -> Result<(String, Vec<Rule>), Faults> {
    let lines = Lines::new(file, text);
    if text.len() > MAX_RULES_TEXT {
        return Err(lines.fault(0, FaultKind::TooLong { what: "the file", most: MAX_RULES_TEXT }).into());
    }
    let read: File = toml::from_str(text).map_err(|error| lines.toml(&error))?;
    let mut reading = Reading { lines, schema, engine, faults: Vec::new() };
    let name = read.name.get_ref();
    if name.is_empty() || name.len() > 64 || !name.bytes().all(|b| b.is_ascii_graphic()) {
        reading.row(read.name.span().start, "name", "write 1 to 64 letters, digits and signs without blanks");
    }
    if read.rule.is_empty() {
        reading.row(0, "rule", "a file has at least one rule");
    }
    if read.rule.len() > MAX_RULES {
        reading.put(0, FaultKind::TooLong { what: "the list of rules", most: MAX_RULES });
        return Err(Faults(reading.faults));
    }
    let mut seen = BTreeSet::new();
    let mut rules = Vec::new();
    for row in read.rule {
        let id = row.get_ref().id.get_ref();
        if !seen.insert(id.clone()) {
            let kind = FaultKind::Twice { name: crate::fault::one_line(id) };
            reading.put(row.get_ref().id.span().start, kind);
        }
        rules.extend(reading.rule(row));
    }
    reading.lot_beside_lists(&rules);
    if reading.faults.is_empty() { Ok((name.clone(), rules)) } else { Err(Faults(reading.faults)) }
}

struct Reading<'a> {
    lines: Lines<'a>,
    schema: &'a Schema,
    engine: &'a dyn RuleEngine,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn put(&mut self, at: usize, kind: FaultKind) {
        self.faults.push(self.lines.fault(at, kind));
    }

    fn row(&mut self, at: usize, field: &'static str, what: &str) {
        self.put(at, FaultKind::Row { field, what: what.to_owned() });
    }

    fn word<T>(
        &mut self,
        found: &Spanned<String>,
        field: &'static str,
        read: impl Fn(&str) -> Option<T>,
        words: &str,
    ) -> Option<T> {
        let value = read(found.get_ref());
        if value.is_none() {
            self.row(found.span().start, field, &format!("write {words}"));
        }
        value
    }

    fn sentence(&mut self, at: usize, says: &str) {
        if says.trim().is_empty() || says.len() > MAX_SAYS || says.chars().any(char::is_control) {
            self.row(at, "says", "write one sentence of at most 300 bytes, on one line");
        }
    }

    fn rule(&mut self, row: Spanned<Row>) -> Option<Rule> {
        let at = row.span().start;
        let row = row.into_inner();
        let id = self.word(&row.id, "id", RuleId::new, "1 to 40 of a-z, 0-9 and _, a letter first");
        // The engine's own doubt is not a rule's.
        let of_a_rule = |word: &str| Doubt::from_word(word).filter(|doubt| *doubt != Doubt::Engine);
        let doubt =
            self.word(&row.doubt, "doubt", of_a_rule, "what is in doubt, such as whose_face (docs/risk.md)");
        let harm = self.word(&row.harm, "harm", Harm::from_word, "low, medium or high");
        let stage = match &row.stage {
            Some(stage) => self.word(stage, "stage", RuleStage::from_word, "shadow or full"),
            None => Some(RuleStage::Full),
        };
        self.sentence(row.says.span().start, row.says.get_ref());
        let condition = self.condition(&row.when)?;
        if let Some(doubt) = doubt {
            self.about(&row.doubt, doubt, condition.reads());
        }
        let cases = row.case.len();
        self.cases(at, &row.case, condition.as_ref());
        Some(Rule {
            id: id?,
            says: row.says.into_inner(),
            doubt: doubt?,
            harm: harm?,
            stage: stage?,
            suspends: row.suspends,
            when: row.when.into_inner(),
            cases,
            line: self.lines.line(at),
            condition,
        })
    }

    /// Without a lot of the same weight a referral itself would tell that somebody stands on a list.
    fn lot_beside_lists(&mut self, rules: &[Rule]) {
        let counts = |rule: &&Rule| rule.stage == RuleStage::Full;
        let lot = rules.iter().filter(counts).any(|rule| rule.doubt == Doubt::RandomCheck);
        let listed = rules.iter().filter(counts).find(|rule| rule.doubt == Doubt::WatchList);
        if let Some(rule) = listed.filter(|_| !lot) {
            let what = "a rule of watch_list counts only beside one of random_check, or a referral would tell of the list";
            let kind = FaultKind::Row { field: "doubt", what: what.to_owned() };
            self.faults.push(Fault { file: self.lines.file().to_owned(), line: rule.line, kind });
        }
    }

    fn condition(&mut self, when: &Spanned<String>) -> Option<Box<dyn Condition>> {
        let first = self.lines.line_of_contents(when.span().start);
        // A line break that is written as an escape is none in the file.
        let last = self.lines.line(when.span().end);
        match self.engine.compile(when.get_ref(), self.schema) {
            Ok(condition) => Some(condition),
            Err(faults) => {
                let file = self.lines.file().to_owned();
                self.faults.extend(faults.into_iter().map(|fault| Fault {
                    file: file.clone(),
                    line: (first + fault.line).min(last),
                    kind: fault.kind,
                }));
                None
            }
        }
    }

    /// Signals of a lane are about the machine or its staff, never about the traveller.
    fn about(&mut self, at: &Spanned<String>, doubt: Doubt, reads: &BTreeSet<SignalId>) {
        let of_lane =
            |id: &SignalId| self.schema.signal(*id).is_some_and(|signal| signal.about == About::Lane);
        let fits = if doubt == Doubt::Lane { reads.iter().all(of_lane) } else { !reads.iter().any(of_lane) };
        if !fits {
            let what = "a rule about the lane reads the lane's signals alone, and no other rule reads them";
            self.row(at.span().start, "doubt", what);
        }
    }

    fn cases(&mut self, at: usize, cases: &[Spanned<Case>], condition: &dyn Condition) {
        if cases.len() > MAX_CASES {
            self.put(at, FaultKind::TooLong { what: "the list of cases", most: MAX_CASES });
            return;
        }
        for (expected, missing) in [(true, "holds"), (false, "does not hold")] {
            if !cases.iter().any(|case| case.get_ref().holds == expected) {
                self.put(at, FaultKind::NoCase { missing });
            }
        }
        for case in cases {
            self.case(case, condition);
        }
    }

    fn case(&mut self, case: &Spanned<Case>, condition: &dyn Condition) {
        let at = case.span().start;
        let case = case.get_ref();
        self.sentence(at, &case.says);
        let mut facts = Facts::usual(self.schema);
        for (name, value) in &case.signals {
            let start = name.span().start;
            let Some(id) = self.schema.find(name.get_ref()) else {
                let name = crate::fault::one_line(name.get_ref());
                let kind = match self.schema.protected(&name) {
                    Some(attribute) => FaultKind::Protected { attribute: attribute.to_owned(), name },
                    None => FaultKind::UnknownSignal { name },
                };
                self.put(start, kind);
                return;
            };
            let raw = self.schema.signal(id).and_then(|signal| raw_of(&signal.kind, value));
            let put = raw.map(|raw| facts.put_raw(self.schema, id, raw));
            if !matches!(put, Some(Ok(()))) {
                let what = format!("the value of {} is none of this signal", name.get_ref());
                self.put(start, FaultKind::WrongType { what });
                return;
            }
        }
        let got = match condition.holds(&facts, self.schema) {
            Ok(holds) if holds == case.holds => return,
            Ok(true) => "holds",
            Ok(false) => "does not hold",
            Err(_) => "could not be evaluated",
        };
        let expected = if case.holds { "that it holds" } else { "that it does not hold" };
        let case = crate::fault::one_line(&case.says);
        self.put(at, FaultKind::CaseFailed { case, expected, got });
    }
}
