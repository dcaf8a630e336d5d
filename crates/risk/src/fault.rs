//! Fault: why a schema, a rule file or a version of rules is refused, with file and line.
//!
//! Lives here: [`Fault`], [`FaultKind`] and their stable codes. Not here: who finds them (`schema`, `rules`, `engine`, `version`).

use std::fmt;

/// One thing that is wrong, and where. A file may have several; all of them are told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {kind}")]
pub struct Fault {
    /// The file's name, as the caller gave it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: FaultKind,
}

impl Fault {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

/// What is wrong. Values are names from the file itself: rules and schemas hold nothing of a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The file is no TOML of this form.
    #[error("the file cannot be read: {what}")]
    File {
        /// What the reader of TOML says.
        what: String,
    },
    /// A row has a value that it may not have.
    #[error("{field}: {what}")]
    Row {
        /// The field.
        field: &'static str,
        /// What to write.
        what: String,
    },
    /// The same name twice.
    #[error("{name} stands twice; choose another name")]
    Twice {
        /// The name.
        name: String,
    },
    /// A protected attribute, or something that stands in for one.
    #[error("{name} is or stands in for a protected attribute ({attribute}); no rule may look at it")]
    Protected {
        /// The name that was given.
        name: String,
        /// The attribute.
        attribute: String,
    },
    /// The condition is no expression.
    #[error("syntax error: {what}")]
    Syntax {
        /// What the engine says, on one line.
        what: String,
    },
    /// No signal has this name.
    #[error("no signal is called {name}; `signals.toml` lists them")]
    UnknownSignal {
        /// The name.
        name: String,
    },
    /// A signal that chooses a measure, in a rule that raises a doubt.
    #[error("{name} may choose a measure, never raise a doubt")]
    MeasureOnly {
        /// The signal.
        name: String,
    },
    /// A function, operator or macro that is not allowed.
    #[error(
        "{name} is not allowed in a rule; use && || ! == != < <= > >= + - * / % and `in` over a written list"
    )]
    UnknownFunction {
        /// Its name, as the engine calls it.
        name: String,
    },
    /// Types that do not go together.
    #[error("wrong type: {what}")]
    WrongType {
        /// What was found and what was expected.
        what: String,
    },
    /// The expression could fail while it is evaluated: an overflow or a division by zero.
    #[error("could fail when evaluated: {what}")]
    MayFail {
        /// Which operation.
        what: String,
    },
    /// A comparison that is the same for every value the signals can have: most often a wrong unit.
    #[error("always {value}: {what}; look at the unit")]
    Constant {
        /// What it always is.
        value: bool,
        /// The ranges compared.
        what: String,
    },
    /// Nested too deeply.
    #[error("nested more than {most} deep")]
    TooDeep {
        /// The most.
        most: usize,
    },
    /// Too long.
    #[error("{what} is longer than {most}")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The most.
        most: usize,
    },
    /// A unit case came out otherwise.
    #[error("case \"{case}\" expects {expected}, the rule {got}")]
    CaseFailed {
        /// The case's sentence.
        case: String,
        /// What the case expects.
        expected: &'static str,
        /// What happened.
        got: &'static str,
    },
    /// A rule needs a case in which it holds and one in which it does not.
    #[error("no case in which the rule {missing}; write one")]
    NoCase {
        /// Which is missing.
        missing: &'static str,
    },
    /// The engine itself failed.
    #[error("the rule engine failed: {what}")]
    Engine {
        /// What happened.
        what: &'static str,
    },
    /// No signature of the authority's approval key.
    #[error("not signed by the key that the trust list names: {what}")]
    Unsigned {
        /// What was wrong with the signature.
        what: String,
    },
    /// The signed payload is malformed.
    #[error("malformed version: {what}")]
    Form {
        /// What was wrong.
        what: String,
    },
    /// A version as old as, or older than, the newest one seen.
    #[error("version {got} does not follow {have}; to go back, sign the earlier rules under the next number")]
    RolledBack {
        /// The newest number seen.
        have: u64,
        /// The number that was given.
        got: u64,
    },
    /// Another authority's rules.
    #[error("the rules are those of {got}, not of {own}")]
    OtherAuthority {
        /// Whose they are.
        got: String,
        /// Whose they should be.
        own: String,
    },
    /// Written for another list of signals.
    #[error("the rules were signed for another list of signals; test and sign them again")]
    OtherSchema,
    /// Their day has not come.
    #[error("the rules begin on {starts}")]
    NotYet {
        /// When they begin.
        starts: String,
    },
}

impl FaultKind {
    /// The stable code, public and never reused.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "risk_file",
            Self::Row { .. } => "risk_row",
            Self::Twice { .. } => "risk_twice",
            Self::Protected { .. } => "risk_protected",
            Self::Syntax { .. } => "risk_syntax",
            Self::UnknownSignal { .. } => "risk_unknown_signal",
            Self::MeasureOnly { .. } => "risk_measure_only",
            Self::UnknownFunction { .. } => "risk_unknown_function",
            Self::WrongType { .. } => "risk_wrong_type",
            Self::MayFail { .. } => "risk_may_fail",
            Self::Constant { .. } => "risk_constant",
            Self::TooDeep { .. } => "risk_too_deep",
            Self::TooLong { .. } => "risk_too_long",
            Self::CaseFailed { .. } => "risk_case_failed",
            Self::NoCase { .. } => "risk_no_case",
            Self::Engine { .. } => "risk_engine",
            Self::Unsigned { .. } => "risk_unsigned",
            Self::Form { .. } => "risk_form",
            Self::RolledBack { .. } => "risk_rolled_back",
            Self::OtherAuthority { .. } => "risk_other_authority",
            Self::OtherSchema => "risk_other_schema",
            Self::NotYet { .. } => "risk_not_yet",
        }
    }
}

/// The lines of a text, for offsets that a reader of TOML gives.
pub(crate) struct Lines<'t> {
    file: &'t str,
    text: &'t str,
}

impl<'t> Lines<'t> {
    pub(crate) const fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text }
    }

    /// The line that holds byte `at`, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }

    pub(crate) fn fault(&self, at: usize, kind: FaultKind) -> Fault {
        Fault { file: self.file.to_owned(), line: self.line(at), kind }
    }

    pub(crate) fn toml(&self, error: &toml::de::Error) -> Fault {
        let at = error.span().map_or(0, |span| span.start);
        self.fault(at, FaultKind::File { what: one_line(error.message()) })
    }

    /// The line on which the contents of a string begin that starts at byte `at`: a newline behind `"""` is not part of it.
    pub(crate) fn line_of_contents(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let skips =
            ["\"\"\"\n", "\"\"\"\r\n", "'''\n", "'''\r\n"].iter().any(|start| rest.starts_with(start));
        self.line(at) + usize::from(skips)
    }

    pub(crate) const fn file(&self) -> &str {
        self.file
    }
}

/// A message on one line, without control characters, 160 characters at most.
pub(crate) fn one_line(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(160).collect::<String>().trim().to_owned()
}

/// Several faults, as a page of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, fault) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault} [{}]", fault.code())?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}
