//! Types: the pass over a parsed condition that the engine lacks: names against the schema, types, ranges.
//!
//! Lives here: [`Pass`]. Not here: parsing and evaluating (`cel`).
//!
//! Ranges are what keeps evaluation from failing. CEL's `&&` and `||` drop an error of one side where the other side decides
//! (`1 / 0 == 1 && false` is `false`), so an error inside a condition might never come out. Therefore no condition is taken in which an
//! operation could fail for any values that the signals can have; what is missing is looked for before the engine is asked.

use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};

use super::{MAX_NESTING, TextFault};
use crate::fault::FaultKind;
use crate::schema::{Schema, SignalId, Type};

/// Most words or numbers behind `in`.
const MAX_LIST: usize = 32;

/// What an expression is: numbers with their range, a flag, or a word of a signal's choices.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Ty {
    Int(i128, i128),
    Flag,
    Choice(SignalId),
    Word(String),
    /// A fault was found below; nothing more is said of it.
    Unknown,
}

impl Ty {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Int(..) => "a number",
            Self::Flag => "a flag",
            Self::Choice(_) => "a choice",
            Self::Word(_) => "a word",
            Self::Unknown => "unknown",
        }
    }
}

/// One pass over one condition.
pub struct Pass<'a> {
    schema: &'a Schema,
    source: &'a SourceInfo,
    text: &'a str,
    /// The signals that were read.
    pub reads: BTreeSet<SignalId>,
    /// What was found.
    pub faults: Vec<TextFault>,
}

impl<'a> Pass<'a> {
    /// Goes over `root`.
    pub fn over(root: &IdedExpr, source: &'a SourceInfo, text: &'a str, schema: &'a Schema) -> Self {
        let mut pass = Self { schema, source, text, reads: BTreeSet::new(), faults: Vec::new() };
        if depth(root) > MAX_NESTING {
            pass.faults.push(TextFault { line: 0, kind: FaultKind::TooDeep { most: MAX_NESTING } });
            return pass;
        }
        match pass.of(root) {
            Ty::Flag | Ty::Unknown => {}
            other @ (Ty::Int(..) | Ty::Choice(_) | Ty::Word(_)) => {
                pass.wrong(root, format!("the condition is {}, not a flag", other.as_str()));
            }
        }
        if pass.faults.is_empty() && pass.reads.is_empty() {
            pass.wrong(root, "the condition reads no signal".to_owned());
        }
        pass
    }

    fn put(&mut self, at: &IdedExpr, kind: FaultKind) {
        let start = self.source.offset_for(at.id).map_or(0, |(start, _)| start);
        let start = usize::try_from(start).unwrap_or(0);
        let line = self.text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        let fault = TextFault { line, kind };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn wrong(&mut self, at: &IdedExpr, what: String) {
        self.put(at, FaultKind::WrongType { what });
    }

    fn not_allowed(&mut self, at: &IdedExpr, name: &str) -> Ty {
        self.put(at, FaultKind::UnknownFunction { name: crate::fault::one_line(name) });
        Ty::Unknown
    }

    fn of(&mut self, e: &IdedExpr) -> Ty {
        match &e.expr {
            Expr::Call(call) => self.call(e, call),
            Expr::Ident(name) => self.signal(e, name),
            Expr::Literal(literal) => self.literal(e, literal),
            Expr::List(_) => {
                self.wrong(e, "a list stands only behind `in`".to_owned());
                Ty::Unknown
            }
            Expr::Select(_) => self.not_allowed(e, "."),
            Expr::Comprehension(_) => self.not_allowed(e, "macro"),
            Expr::Map(_) | Expr::Struct(_) => self.not_allowed(e, "{}"),
            Expr::Unspecified => self.not_allowed(e, "nothing"),
        }
    }

    fn signal(&mut self, e: &IdedExpr, name: &str) -> Ty {
        let Some(id) = self.schema.find(name) else {
            let name = crate::fault::one_line(name);
            let kind = match self.schema.protected(&name) {
                Some(attribute) => FaultKind::Protected { attribute: attribute.to_owned(), name },
                None => FaultKind::UnknownSignal { name },
            };
            self.put(e, kind);
            return Ty::Unknown;
        };
        self.reads.insert(id);
        let signal = self.schema.signal(id);
        if signal.is_some_and(|signal| !signal.raises_doubt()) {
            self.put(e, FaultKind::MeasureOnly { name: name.to_owned() });
        }
        match signal.map(|signal| &signal.kind) {
            Some(Type::Integer { min, max, .. }) => Ty::Int(i128::from(*min), i128::from(*max)),
            Some(Type::Flag) => Ty::Flag,
            Some(Type::Choice(_)) => Ty::Choice(id),
            None => Ty::Unknown,
        }
    }

    fn literal(&mut self, e: &IdedExpr, literal: &LiteralValue) -> Ty {
        match literal {
            LiteralValue::Int(number) => {
                let number = i128::from(*number.inner());
                Ty::Int(number, number)
            }
            LiteralValue::String(word) => Ty::Word(word.inner().to_owned()),
            LiteralValue::Boolean(_) => {
                self.wrong(e, "write the flag or its `!` in the place of true and false".to_owned());
                Ty::Unknown
            }
            LiteralValue::Double(_) | LiteralValue::UInt(_) => {
                self.wrong(e, "a rule has whole numbers alone, without a point and without u".to_owned());
                Ty::Unknown
            }
            LiteralValue::Bytes(_) | LiteralValue::Null => {
                self.wrong(e, "a rule has numbers, flags and words alone".to_owned());
                Ty::Unknown
            }
        }
    }

    fn call(&mut self, e: &IdedExpr, call: &CallExpr) -> Ty {
        if call.target.is_some() {
            return self.not_allowed(e, &call.func_name);
        }
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, parts) => {
                for part in parts {
                    self.flag(part);
                }
                Ty::Flag
            }
            (operators::LOGICAL_NOT, [part]) => {
                self.flag(part);
                Ty::Flag
            }
            (operators::NEGATE, [part]) => match self.of(part) {
                Ty::Int(low, high) => self.range(e, -high, -low),
                other @ (Ty::Flag | Ty::Choice(_) | Ty::Word(_) | Ty::Unknown) => {
                    self.number_expected(part, &other)
                }
            },
            (operators::IN, [left, right]) => self.membership(left, right),
            (_, [left, right]) => {
                let (a, b) = (self.of(left), self.of(right));
                self.binary(e, name, (left, a), (right, b))
            }
            _ => self.not_allowed(e, name),
        }
    }

    fn flag(&mut self, e: &IdedExpr) {
        match self.of(e) {
            Ty::Flag | Ty::Unknown => {}
            other @ (Ty::Int(..) | Ty::Choice(_) | Ty::Word(_)) => {
                self.wrong(e, format!("{} stands where a flag is expected", other.as_str()));
            }
        }
    }

    fn number_expected(&mut self, e: &IdedExpr, found: &Ty) -> Ty {
        if *found != Ty::Unknown {
            self.wrong(e, format!("{} stands where a number is expected", found.as_str()));
        }
        Ty::Unknown
    }

    fn range(&mut self, e: &IdedExpr, low: i128, high: i128) -> Ty {
        if low < i128::from(i64::MIN) || high > i128::from(i64::MAX) {
            self.put(e, FaultKind::MayFail { what: "the result may leave 64 bits".to_owned() });
            return Ty::Unknown;
        }
        Ty::Int(low, high)
    }

    fn binary(&mut self, e: &IdedExpr, name: &str, left: (&IdedExpr, Ty), right: (&IdedExpr, Ty)) -> Ty {
        let arithmetic = matches!(
            name,
            operators::ADD
                | operators::SUBSTRACT
                | operators::MULTIPLY
                | operators::DIVIDE
                | operators::MODULO
        );
        let equality = matches!(name, operators::EQUALS | operators::NOT_EQUALS);
        let order = matches!(
            name,
            operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS
        );
        if !arithmetic && !equality && !order {
            return self.not_allowed(e, name);
        }
        match (left.1, right.1) {
            (Ty::Unknown, _) | (_, Ty::Unknown) => {
                if arithmetic {
                    Ty::Unknown
                } else {
                    Ty::Flag
                }
            }
            (Ty::Int(a, b), Ty::Int(c, d)) if arithmetic => self.arithmetic(e, name, (a, b), (c, d)),
            (Ty::Int(a, b), Ty::Int(c, d)) => {
                self.compared(e, name, (a, b), (c, d));
                Ty::Flag
            }
            (Ty::Flag, Ty::Flag) if equality => Ty::Flag,
            (Ty::Choice(id), Ty::Word(word)) | (Ty::Word(word), Ty::Choice(id)) if equality => {
                self.word_of(e, id, &word);
                Ty::Flag
            }
            (a, b) => {
                self.wrong(e, format!("{} and {} do not go together here", a.as_str(), b.as_str()));
                if arithmetic { Ty::Unknown } else { Ty::Flag }
            }
        }
    }

    fn arithmetic(&mut self, e: &IdedExpr, name: &str, (a, b): (i128, i128), (c, d): (i128, i128)) -> Ty {
        match name {
            operators::ADD => self.range(e, a + c, b + d),
            operators::SUBSTRACT => self.range(e, a - d, b - c),
            operators::MULTIPLY => {
                let corners = [a * c, a * d, b * c, b * d];
                let (low, high) =
                    corners.iter().fold((i128::MAX, i128::MIN), |(l, h), n| (l.min(*n), h.max(*n)));
                self.range(e, low, high)
            }
            _ if c <= 0 && d >= 0 => {
                self.put(e, FaultKind::MayFail { what: "the divisor may be zero".to_owned() });
                Ty::Unknown
            }
            operators::DIVIDE => {
                let most = a.abs().max(b.abs());
                self.range(e, -most, most)
            }
            _ => {
                let most = c.abs().max(d.abs()) - 1;
                self.range(e, -most, most)
            }
        }
    }

    /// A comparison that is the same for every value says that somebody took one unit for another.
    fn compared(&mut self, e: &IdedExpr, name: &str, (a, b): (i128, i128), (c, d): (i128, i128)) {
        let less = |(a, b): (i128, i128), (c, d): (i128, i128), or_equal: bool| {
            if or_equal {
                if b <= c { Some(true) } else { (a > d).then_some(false) }
            } else if b < c {
                Some(true)
            } else {
                (a >= d).then_some(false)
            }
        };
        let apart = b < c || d < a;
        let always = match name {
            operators::LESS => less((a, b), (c, d), false),
            operators::LESS_EQUALS => less((a, b), (c, d), true),
            operators::GREATER => less((c, d), (a, b), false),
            operators::GREATER_EQUALS => less((c, d), (a, b), true),
            operators::EQUALS => apart.then_some(false),
            _ => apart.then_some(true),
        };
        if let Some(value) = always {
            self.put(e, FaultKind::Constant { value, what: format!("{a}..{b} against {c}..{d}") });
        }
    }

    fn word_of(&mut self, e: &IdedExpr, id: SignalId, word: &str) {
        let Some(signal) = self.schema.signal(id) else { return };
        if let Type::Choice(words) = &signal.kind
            && !words.iter().any(|each| each == word)
        {
            let what = format!(
                "{} has no choice {}; it has {}",
                signal.name,
                crate::fault::one_line(word),
                words.join(", ")
            );
            self.wrong(e, what);
        }
    }

    fn membership(&mut self, left: &IdedExpr, right: &IdedExpr) -> Ty {
        let found = self.of(left);
        let Expr::List(list) = &right.expr else {
            self.wrong(right, "behind `in` stands a written list".to_owned());
            return Ty::Flag;
        };
        if list.elements.is_empty() || list.elements.len() > MAX_LIST || !list.optional_indices.is_empty() {
            self.wrong(right, format!("a list has 1 to {MAX_LIST} items"));
        }
        for element in &list.elements {
            let Expr::Literal(literal) = &element.expr else {
                self.wrong(element, "a list has written numbers or words alone".to_owned());
                continue;
            };
            match (&found, self.literal(element, literal)) {
                (Ty::Choice(id), Ty::Word(word)) => self.word_of(element, *id, &word),
                (Ty::Int(low, high), Ty::Int(number, _)) if (*low..=*high).contains(&number) => {}
                (Ty::Int(low, high), Ty::Int(number, _)) => {
                    let what = format!("{number} is no value of {low}..{high}");
                    self.put(element, FaultKind::Constant { value: false, what });
                }
                (Ty::Unknown, _) | (_, Ty::Unknown) => {}
                (a, b) => self.wrong(element, format!("{} is looked for among {}", a.as_str(), b.as_str())),
            }
        }
        Ty::Flag
    }
}

/// How deep operations are nested. It recurses as deep as the parser's tree, on the stack that the parser had.
fn depth(e: &IdedExpr) -> usize {
    let below = match &e.expr {
        Expr::Call(call) => {
            let target = call.target.iter().map(|target| depth(target));
            target.chain(call.args.iter().map(depth)).max().unwrap_or(0)
        }
        Expr::List(list) => list.elements.iter().map(depth).max().unwrap_or(0),
        Expr::Select(select) => depth(&select.operand),
        // Refused by name.
        Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => 0,
        Expr::Ident(_) | Expr::Literal(_) => 0,
    };
    below + 1
}
