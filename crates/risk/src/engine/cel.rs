//! CEL: the Common Expression Language behind [`RuleEngine`], without macros, optional values, regular expressions, clocks or floats.
//!
//! Lives here: [`CelEngine`]. Not here: what a text must be before it is parsed (`text`) and after (`types`).

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use cel::{Context, Env, Program, Value};

use super::types::Pass;
use super::{Condition, RuleEngine, TextFault, Undecided, text};
use crate::facts::Facts;
use crate::fault::{FaultKind, one_line};
use crate::schema::{Schema, SignalId, Type};

/// The stack on which texts are parsed: the parser recurses, and its frames are large without optimisation.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// The engine; cheap to clone.
#[derive(Clone)]
pub struct CelEngine {
    env: Arc<Env>,
}

impl Default for CelEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl CelEngine {
    /// The engine with CEL's operators alone: no macros, no optional values.
    #[must_use]
    pub fn new() -> Self {
        Self { env: Arc::new(Env::default().with_optional_support(false).with_stdlib()) }
    }
}

impl RuleEngine for CelEngine {
    fn compile(&self, text: &str, schema: &Schema) -> Result<Box<dyn Condition>, Vec<TextFault>> {
        text::check(text).map_err(|fault| vec![fault])?;
        let engine = |what| vec![TextFault { line: 0, kind: FaultKind::Engine { what } }];
        std::thread::scope(|scope| {
            let on_large_stack = std::thread::Builder::new().stack_size(STACK_BYTES);
            let compiling = on_large_stack.spawn_scoped(scope, || self.compile_here(text, schema));
            let compiling = compiling.map_err(|_| engine("no thread to compile on"))?;
            compiling.join().map_err(|_| engine("it ended while compiling"))?
        })
    }
}

impl CelEngine {
    fn compile_here(&self, text: &str, schema: &Schema) -> Result<Box<dyn Condition>, Vec<TextFault>> {
        let program = self.env.compile(text).map_err(|errors| {
            let first = errors.errors.first();
            // The parser counts lines from 1.
            let line = first
                .and_then(|error| usize::try_from(error.pos.0).ok())
                .map_or(0, |line| line.saturating_sub(1));
            let what = first.map_or_else(|| "not an expression".to_owned(), |error| one_line(&error.msg));
            vec![TextFault { line, kind: FaultKind::Syntax { what } }]
        })?;
        let pass = Pass::over(program.expression(), program.source_info(), text, schema);
        let (mut faults, reads) = (pass.faults, pass.reads);
        if faults.is_empty() {
            faults = unexpected_references(&program, schema);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Box::new(CelCondition { program, reads, env: Arc::clone(&self.env) }))
    }
}

/// The functions that a condition may use, as CEL names them.
const ALLOWED: [&str; 15] = [
    "_&&_", "_||_", "!_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_+_", "_-_", "_*_", "_/_", "_%_",
    "@in",
];

/// A second look by the engine's own list of references: what the type pass missed would show here.
fn unexpected_references(program: &Program, schema: &Schema) -> Vec<TextFault> {
    let references = program.references();
    let functions =
        references.functions().into_iter().filter(|name| !ALLOWED.contains(name) && *name != "-_");
    let functions = functions.map(|name| FaultKind::UnknownFunction { name: one_line(name) });
    let variables = references.variables().into_iter().filter(|name| schema.find(name).is_none());
    let variables = variables.map(|name| FaultKind::UnknownSignal { name: one_line(name) });
    functions.chain(variables).map(|kind| TextFault { line: 0, kind }).collect()
}

struct CelCondition {
    program: Program,
    reads: BTreeSet<SignalId>,
    env: Arc<Env>,
}

impl Condition for CelCondition {
    fn reads(&self) -> &BTreeSet<SignalId> {
        &self.reads
    }

    fn holds(&self, facts: &Facts, schema: &Schema) -> Result<bool, Undecided> {
        if !facts.is_of(schema) {
            return Err(Undecided::OtherSchema);
        }
        // Before the engine is asked: its `&&` and `||` would drop the error of a missing signal where the other side decides.
        if self.reads.iter().any(|id| facts.get(*id).is_none()) {
            return Err(Undecided::Missing);
        }
        let values = Values { facts, schema };
        // A panic in the engine is an error of this rule, not the end of a lane's request.
        let answer = catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::with_env(Arc::clone(&self.env));
            context.set_variable_resolver(&values);
            match self.program.execute(&context) {
                Ok(Value::Bool(holds)) => Some(holds),
                Ok(_) | Err(_) => None,
            }
        }));
        answer.ok().flatten().ok_or(Undecided::Failed)
    }
}

/// Facts as CEL looks them up.
struct Values<'a> {
    facts: &'a Facts,
    schema: &'a Schema,
}

impl VariableResolver for Values<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let id = self.schema.find(variable)?;
        let raw = self.facts.get(id)?;
        Some(match &self.schema.signal(id)?.kind {
            Type::Integer { .. } => CowVal::owned(CelInt::from(raw)),
            Type::Flag => CowVal::owned(CelBool::from(raw != 0)),
            Type::Choice(words) => {
                CowVal::owned(CelString::from(words.get(usize::try_from(raw).ok()?)?.as_str()))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What CEL itself makes of a text, with nothing of ours around it.
    fn bare(text: &str) -> Result<Value, cel::ExecutionError> {
        CelEngine::new().env.compile(text).unwrap().execute(&Context::with_env(CelEngine::new().env))
    }

    #[test]
    fn cel_drops_an_error_where_the_other_side_decides_and_no_such_rule_is_taken() {
        let schema = Schema::builtin().unwrap();
        for (text, answer) in [
            ("1 / 0 == 1 && false", Ok(Value::Bool(false))),
            ("false && 1 / 0 == 1", Ok(Value::Bool(false))),
            ("1 / 0 == 1 || true", Ok(Value::Bool(true))),
            ("missing == 1 && false", Ok(Value::Bool(false))),
            ("9223372036854775807 + 1 > 0 && false", Ok(Value::Bool(false))),
        ] {
            assert_eq!(bare(text), answer, "CEL changed: {text}");
            assert!(CelEngine::new().compile(text, &schema).is_err(), "{text}");
        }
        assert!(bare("1 / 0 == 1").is_err());
        for (text, code) in [
            ("100 / crossings_today > 1 && watch_list_hit", "risk_may_fail"),
            ("100 % (crossings_today - 1) == 1 && watch_list_hit", "risk_may_fail"),
            (
                "crossings_month * crossings_month * crossings_month * crossings_month > 1 && watch_list_hit",
                "risk_may_fail",
            ),
            ("crossings_today + 9223372036854775807 > 0 || watch_list_hit", "risk_may_fail"),
        ] {
            let faults = CelEngine::new().compile(text, &schema).err().unwrap();
            assert_eq!(faults.first().unwrap().kind.code(), code, "{text}: {faults:?}");
        }
    }

    #[test]
    fn a_missing_signal_leaves_a_condition_undecided_whatever_the_other_side_says() {
        let schema = Schema::builtin().unwrap();
        let facts = Facts::new(&schema); // `face_margin` has no value where nothing was measured.
        for text in [
            "face_margin < 0 && watch_list_hit",
            "crossings_today > 0 || face_margin < 0",
            "!(face_margin < 0)",
        ] {
            let condition = CelEngine::new().compile(text, &schema).unwrap();
            assert_eq!(condition.holds(&facts, &schema), Err(Undecided::Missing), "{text}");
        }
        let condition = CelEngine::new().compile("crossings_today > 3", &schema).unwrap();
        assert_eq!(condition.holds(&facts, &schema), Ok(false));
        let other = Schema::read("o", &format!("{}\n#\n", crate::schema::SIGNALS_TEXT)).unwrap();
        assert_eq!(condition.holds(&Facts::new(&other), &schema), Err(Undecided::OtherSchema));
    }
}
