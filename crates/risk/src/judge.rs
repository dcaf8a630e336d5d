//! Judging: the rules over one crossing's facts. Pure, and bounded by a budget whose watch the caller holds.
//!
//! Lives here: [`assess`], [`judge`], [`finds_again`], [`Judging`], the stricter way where the rules could not be asked ([`Fallback`], [`Policy`]). Not here: which
//! rules are in force at a lane (`version`), what is asked of the traveller (`ladder`).

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::facts::Facts;
use crate::fault::{Fault, FaultKind, Lines};
use crate::finding::{Cause, Doubt, Finding, Findings, Harm, RuleId, numbered};
use crate::rules::{RuleSet, RuleStage};
use crate::schema::Schema;
use crate::version::AtLane;

/// What the rules may take at a lane, in milliseconds.
pub const BUDGET_MS: u32 = 20;
/// Rules between two looks at the watch.
const RULES_PER_LOOK: usize = 8;

const POLICY_FILE: &str = "fallback.toml";
const POLICY_TEXT: &str = include_str!("../data/fallback.toml");

numbered! {
    /// Why the rules were not, or not all, asked.
    Fallback {
        /// The authority has no rules in force.
        NoRules = 1 "no_rules",
        /// The budget ran out.
        Slow = 2 "slow",
        /// The engine failed, or a signal was missing.
        Failed = 3 "failed",
    }
}

impl Fallback {
    /// The name that stands for it among the findings.
    fn rule(self) -> Option<RuleId> {
        RuleId::new(match self {
            Self::NoRules => "fallback_no_rules",
            Self::Slow => "fallback_slow",
            Self::Failed => "fallback_failed",
        })
    }
}

/// The declared stricter policy: how much harm is assumed where the rules could not be asked. There is no word for "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    no_rules: Harm,
    slow: Harm,
    failed: Harm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    no_rules: String,
    slow: String,
    failed: String,
}

impl Policy {
    /// The strictest: an officer, whatever failed.
    pub const STRICTEST: Self = Self { no_rules: Harm::High, slow: Harm::High, failed: Harm::High };

    /// The built-in policy.
    ///
    /// # Errors
    /// [`Fault`] if the built-in file is broken, which a test rules out.
    pub fn builtin() -> Result<Self, Fault> {
        Self::read(POLICY_FILE, POLICY_TEXT)
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// [`Fault`] for what is wrong with it.
    pub fn read(file: &str, text: &str) -> Result<Self, Fault> {
        let lines = Lines::new(file, text);
        let read: PolicyFile = toml::from_str(text).map_err(|error| lines.toml(&error))?;
        let harm = |word: &str, field| {
            // Low would be answered by a PIN, which says nothing where nobody knows what is in doubt.
            let harm = Harm::from_word(word).filter(|harm| *harm > Harm::Low);
            harm.ok_or_else(|| {
                lines.fault(0, FaultKind::Row { field, what: "write medium or high".to_owned() })
            })
        };
        Ok(Self {
            no_rules: harm(&read.no_rules, "no_rules")?,
            slow: harm(&read.slow, "slow")?,
            failed: harm(&read.failed, "failed")?,
        })
    }

    const fn harm(self, fallback: Fallback) -> Harm {
        match fallback {
            Fallback::NoRules => self.no_rules,
            Fallback::Slow => self.slow,
            Fallback::Failed => self.failed,
        }
    }

    /// The finding that stands for a fallback.
    #[must_use]
    pub fn finding(self, fallback: Fallback) -> Option<Finding> {
        let cause = if fallback == Fallback::Failed { Cause::Failed } else { Cause::Missing };
        fallback.rule().map(|rule| Finding {
            rule,
            doubt: Doubt::Engine,
            harm: self.harm(fallback),
            cause,
            counts: true,
        })
    }
}

/// What judging needs beside the rules and the facts.
#[derive(Clone, Copy)]
pub struct Judging<'a> {
    /// The signals.
    pub schema: &'a Schema,
    /// The stricter policy.
    pub policy: Policy,
    /// Rules that went back to shadow by their appeals.
    pub in_shadow: &'a BTreeSet<RuleId>,
    /// Whether this set is on trial: scored and logged, without effect.
    pub on_trial: bool,
}

/// What the rules find. `spent_ms` tells how many milliseconds have gone since the caller began; past [`BUDGET_MS`] the rest is not
/// asked, and the stricter policy stands for it.
pub fn judge(
    rules: &RuleSet,
    facts: &Facts,
    judging: &Judging<'_>,
    spent_ms: &mut dyn FnMut() -> u32,
) -> Findings {
    let mut findings = Findings::default();
    let mut failed = false;
    for (place, rule) in rules.rules().iter().enumerate() {
        if place % RULES_PER_LOOK == 0 && spent_ms() > BUDGET_MS {
            return with_fallback(findings, judging, Fallback::Slow);
        }
        let cause = match rule.condition.holds(facts, judging.schema) {
            Ok(false) => continue,
            Ok(true) => Cause::Held,
            Err(undecided) => undecided.into(),
        };
        let counts =
            rule.stage == RuleStage::Full && !judging.on_trial && !judging.in_shadow.contains(&rule.id);
        let harm = if cause == Cause::Held { rule.harm } else { rule.harm.max(judging.policy.failed) };
        failed |= counts && cause != Cause::Held && rule.doubt != Doubt::Lane;
        findings.push(Finding { rule: rule.id.clone(), doubt: rule.doubt, harm, cause, counts });
    }
    // What could not be decided raises the rule's own doubt, and the engine's: a measure that answers the first alone is not enough.
    if failed { with_fallback(findings, judging, Fallback::Failed) } else { findings }
}

/// What an authority knows of one crossing: the version of the rules that counted (0 where there were none), and the findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The version in force at this lane.
    pub version: u64,
    /// What counts, and behind it what is only logged.
    pub findings: Findings,
}

/// One crossing at one lane: the rules in force there, those on trial beside them, and the stricter policy where there are none.
pub fn assess(
    at: &AtLane<'_>,
    facts: &Facts,
    judging: &Judging<'_>,
    spent_ms: &mut dyn FnMut() -> u32,
) -> Assessment {
    let (version, mut findings) = match at.in_force {
        Some(active) => (active.version().number, judge(active.rules(), facts, judging, spent_ms)),
        None => (0, without_rules(judging.policy)),
    };
    if let Some(trial) = at.on_trial {
        findings.extend(judge(trial.rules(), facts, &Judging { on_trial: true, ..*judging }, spent_ms));
    }
    Assessment { version, findings }
}

/// Whether the same version of the rules finds again what was found and kept: what had an effect, bit for bit. Which rules were in shadow then
/// follows from what was kept, whatever is in shadow now. Where the budget ran out, how far the rules had come is not kept: it has to fit one
/// of the moments at which the watch is looked at.
#[must_use]
pub fn finds_again(
    rules: &RuleSet,
    facts: &Facts,
    (schema, policy): (&Schema, Policy),
    kept: &Findings,
) -> bool {
    let counted: BTreeSet<&RuleId> = kept.iter().filter(|f| f.counts).map(|f| &f.rule).collect();
    let shadow = kept.iter().map(|finding| &finding.rule).filter(|rule| !counted.contains(rule));
    let in_shadow: BTreeSet<RuleId> = shadow.cloned().collect();
    let judging = Judging { schema, policy, in_shadow: &in_shadow, on_trial: false };
    let wanted = kept.with_effect().encode();
    let same = |budget_looks: usize| {
        let mut looks = 0;
        let found = judge(rules, facts, &judging, &mut || {
            looks += 1;
            if looks > budget_looks { BUDGET_MS + 1 } else { 0 }
        });
        found.with_effect().encode() == wanted
    };
    if Fallback::Slow.rule().is_some_and(|slow| counted.contains(&slow)) {
        (0..rules.rules().len().div_ceil(RULES_PER_LOOK)).any(same)
    } else {
        same(usize::MAX)
    }
}

/// What stands where there are no rules to ask.
#[must_use]
pub fn without_rules(policy: Policy) -> Findings {
    policy.finding(Fallback::NoRules).into_iter().collect()
}

fn with_fallback(mut findings: Findings, judging: &Judging<'_>, fallback: Fallback) -> Findings {
    if !judging.on_trial {
        findings.extend(judging.policy.finding(fallback).into_iter().collect());
    }
    findings
}
