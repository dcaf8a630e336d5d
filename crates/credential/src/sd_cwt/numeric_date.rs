//! Times in claims, and the order that the draft demands of them (section 6 of its verification steps).
//!
//! Lives here: [`Times`], of one set of claims. Not here: how old a presentation may be (`venue`), any clock.

use documents::Timestamp;

use super::label;
use super::value::Value;

/// The largest whole number that a floating-point number holds exactly: 2^53.
const LIMIT: f64 = 9_007_199_254_740_992.0;

/// Why times do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// A time is no finite number within 2^53.
    #[error("claim {label} is no time in seconds")]
    NotATime {
        /// The claim.
        label: i64,
    },
    /// `nbf`, `iat` and `exp` of one token contradict each other.
    #[error(
        "the times of the token contradict each other: nbf must not lie after iat, and both must lie before exp"
    )]
    Order,
    /// A key binding token has neither `iat` nor `cti`, or has `exp` or `nbf` without `iat`.
    #[error("the key binding token lacks iat")]
    NoIssueTime,
    /// The times of the key binding token lie outside those of the token in it.
    #[error("the key binding token was made before its SD-CWT, or reaches beyond it")]
    Binding,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The token does not count yet.
    #[error("the token does not count yet")]
    NotYet,
}

/// `exp`, `nbf` and `iat` of a set of claims.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Times {
    pub(super) exp: Option<f64>,
    pub(super) nbf: Option<f64>,
    pub(super) iat: Option<f64>,
}

impl Times {
    pub(super) fn read(claims: &Value) -> Result<Self, TimeError> {
        let time = |label: i64| claims.get(label).map(|value| seconds(label, value)).transpose();
        Ok(Self { exp: time(label::EXP)?, nbf: time(label::NBF)?, iat: time(label::IAT)? })
    }

    /// Within one token: nbf <= iat, nbf < exp, iat < exp, where both are there.
    pub(super) fn hold_order(&self) -> Result<(), TimeError> {
        let good = both(self.nbf, self.iat, |nbf, iat| nbf <= iat)
            && both(self.nbf, self.exp, |nbf, exp| nbf < exp)
            && both(self.iat, self.exp, |iat, exp| iat < exp);
        if good { Ok(()) } else { Err(TimeError::Order) }
    }

    /// Those of a key binding token against those of the token in it.
    pub(super) fn hold_binding(&self, token: &Self, has_cti: bool) -> Result<(), TimeError> {
        if self.iat.is_none() && (!has_cti || self.exp.is_some() || self.nbf.is_some()) {
            return Err(TimeError::NoIssueTime);
        }
        self.hold_order()?;
        let good = both(self.exp, token.exp, |kbt, cwt| kbt <= cwt)
            && both(self.nbf, token.nbf, |kbt, cwt| kbt >= cwt)
            && both(self.iat, token.iat, |kbt, cwt| kbt >= cwt)
            && both(self.nbf, token.exp, |kbt, cwt| kbt < cwt)
            && both(self.iat, token.exp, |kbt, cwt| kbt < cwt)
            && both(self.iat, token.nbf, |kbt, cwt| kbt >= cwt);
        if good { Ok(()) } else { Err(TimeError::Binding) }
    }

    /// Against the verifier's clock. At the instant of `exp` a token has expired (RFC 8392, 3.1.4).
    pub(super) fn hold_now(&self, now: Timestamp) -> Result<(), TimeError> {
        let now = of(now);
        if self.exp.is_some_and(|exp| now >= exp) {
            Err(TimeError::Expired)
        } else if self.nbf.is_some_and(|nbf| now < nbf) {
            Err(TimeError::NotYet)
        } else {
            Ok(())
        }
    }
}

/// The instant in seconds; one of ours is a whole number far within 2^53.
fn of(time: Timestamp) -> f64 {
    time.unix() as f64
}

fn both(a: Option<f64>, b: Option<f64>, holds: impl Fn(f64, f64) -> bool) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => holds(a, b),
        (None, _) | (_, None) => true,
    }
}

fn seconds(label: i64, value: &Value) -> Result<f64, TimeError> {
    let number = match value {
        Value::Int(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Bytes(_)
        | Value::Text(_)
        | Value::Array(_)
        | Value::Map(_)
        | Value::Tag(..)
        | Value::Bool(_)
        | Value::Null
        | Value::Undefined => return Err(TimeError::NotATime { label }),
    };
    // Infinity and what is no number lie outside.
    if (-LIMIT..=LIMIT).contains(&number) { Ok(number) } else { Err(TimeError::NotATime { label }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(exp: impl Into<Option<i32>>, nbf: impl Into<Option<i32>>, iat: impl Into<Option<i32>>) -> Times {
        let time = |t: Option<i32>| t.map(f64::from);
        Times { exp: time(exp.into()), nbf: time(nbf.into()), iat: time(iat.into()) }
    }

    #[test]
    fn the_times_of_one_token_stand_in_their_order() {
        for (times, expected) in [
            (times(30, 10, 20), Ok(())),
            (times(30, 20, 20), Ok(())),
            (times(None, None, None), Ok(())),
            (times(30, 21, 20), Err(TimeError::Order)),
            (times(30, 30, None), Err(TimeError::Order)),
            (times(30, None, 30), Err(TimeError::Order)),
        ] {
            assert_eq!(times.hold_order(), expected, "row {times:?}");
        }
    }

    #[test]
    fn a_key_binding_token_lies_within_the_times_of_its_token() {
        use TimeError::*;
        let token = times(100, 10, 20);
        for (kbt, cti, expected) in [
            (times(None, None, 20), false, Ok(())),
            (times(100, 20, 20), false, Ok(())),
            (times(None, None, None), true, Ok(())),
            (times(None, None, None), false, Err(NoIssueTime)),
            (times(90, None, None), true, Err(NoIssueTime)),
            (times(None, 30, None), true, Err(NoIssueTime)),
            (times(None, 31, 30), false, Err(Order)),
            (times(101, None, 30), false, Err(Binding)),
            (times(None, 9, 30), false, Err(Binding)),
            (times(None, None, 19), false, Err(Binding)),
            (times(None, None, 100), false, Err(Binding)),
        ] {
            assert_eq!(kbt.hold_binding(&token, cti), expected, "row {kbt:?}");
        }
        // Without its own iat the token's nbf is the bound.
        let token = times(100, 10, None);
        assert_eq!(times(None, None, 9).hold_binding(&token, false), Err(Binding));
    }

    #[test]
    fn a_time_is_a_finite_number_within_two_to_the_53() {
        let exp = |value| Times::read(&Value::Map(vec![(label::EXP.into(), value)]));
        assert_eq!(exp(Value::Float(1.5)).map(|t| t.exp), Ok(Some(1.5)));
        assert_eq!(exp(Value::Int(-1)).map(|t| t.exp), Ok(Some(-1.0)));
        let refused = Err(TimeError::NotATime { label: label::EXP });
        for value in [
            Value::Float(f64::NAN),
            Value::Float(f64::INFINITY),
            Value::Float(LIMIT * 2.0),
            Value::Int(1 << 60),
            Value::text("2026-03-02"),
            Value::Null,
        ] {
            assert_eq!(exp(value), refused);
        }
    }

    #[test]
    fn a_token_counts_from_nbf_to_before_exp() {
        let token = times(100, 10, 20);
        for (now, expected) in
            [(9, Err(TimeError::NotYet)), (10, Ok(())), (99, Ok(())), (100, Err(TimeError::Expired))]
        {
            assert_eq!(token.hold_now(Timestamp::from_unix(now).unwrap()), expected, "row {now}");
        }
    }
}
