//! Actor: who does something at a desk.
//!
//! Lives here: [`Actor`], a name. Not here: accounts, passkeys and roles (`officers`).

/// Who acts at the desk: the name of an account, 1 to 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Actor(String);

/// The text names no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an account's name; write 1 to 64 letters, digits, points, hyphens and underscores")]
pub struct NotAnActor;

impl std::str::FromStr for Actor {
    type Err = NotAnActor;

    fn from_str(text: &str) -> Result<Self, NotAnActor> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        if (1..=64).contains(&text.chars().count()) && text.chars().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnActor)
        }
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
