//! Session: who is signed in, and the challenges that they answer. All of it in memory: a stop of the process signs everybody
//! out.

use std::collections::BTreeMap;

use credential::webauthn::Challenge;
use credential::{CryptoError, SecretKey};
use documents::Timestamp;

use crate::account::AccountId;
use crate::limits::Limits;
use crate::secret::Draw;

/// Sessions at once; the one that was idle longest ends for a new one.
const MAX_SESSIONS: usize = 4096;

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// With a one-time code: good for registering a passkey, and for a test account.
    Code,
    /// With a passkey.
    Passkey,
}

/// One session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) account: AccountId,
    pub(crate) how: How,
    began: Timestamp,
    last: Timestamp,
}

impl Session {
    /// The first moment at which it is over.
    pub(crate) fn ends(&self, limits: &Limits) -> Timestamp {
        let idle = self.last.plus_seconds(limits.idle_seconds);
        idle.min(self.began.plus_seconds(limits.session_seconds))
    }

    fn is_on(&self, limits: &Limits, now: Timestamp) -> bool {
        now >= self.began && now < self.ends(limits)
    }
}

/// The sessions of a party, by the hash of their token.
#[derive(Debug, Default)]
pub(crate) struct Sessions(BTreeMap<[u8; 32], Session>);

impl Sessions {
    pub(crate) fn open(
        &mut self,
        token: [u8; 32],
        account: AccountId,
        how: How,
        limits: &Limits,
        now: Timestamp,
    ) {
        self.0.retain(|_, session| session.is_on(limits, now));
        if self.0.len() >= MAX_SESSIONS
            && let Some(idle) = self.0.iter().min_by_key(|(_, one)| one.last).map(|(token, _)| *token)
        {
            self.0.remove(&idle);
        }
        self.0.insert(token, Session { account, how, began: now, last: now });
    }

    /// The session of a token, if it is on; looking at it is no sign of life.
    pub(crate) fn find(&self, token: &[u8; 32], limits: &Limits, now: Timestamp) -> Option<Session> {
        self.0.get(token).filter(|session| session.is_on(limits, now)).copied()
    }

    /// A request came with this token.
    pub(crate) fn touch(&mut self, token: &[u8; 32], now: Timestamp) {
        if let Some(session) = self.0.get_mut(token) {
            session.last = session.last.max(now);
        }
    }

    /// From now on it counts as signed in with a passkey.
    pub(crate) fn strengthen(&mut self, token: &[u8; 32]) {
        if let Some(session) = self.0.get_mut(token) {
            session.how = How::Passkey;
        }
    }

    pub(crate) fn close(&mut self, token: &[u8; 32]) {
        self.0.remove(token);
    }

    pub(crate) fn close_all(&mut self, account: AccountId) {
        self.0.retain(|_, session| session.account != account);
    }
}

/// What a challenge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose<'a> {
    /// To sign in.
    SignIn,
    /// To register a passkey, in the session with this hash.
    Register(&'a [u8; 32]),
}

impl Purpose<'_> {
    fn label(self) -> Vec<u8> {
        match self {
            Self::SignIn => b"sign-in".to_vec(),
            Self::Register(session) => [b"register", session.as_slice()].concat(),
        }
    }
}

/// Challenges of a party: time, chance, and a tag under a key of this process. None is kept before it is used, so that asking
/// for many takes nobody's place; a used one is kept until it is too old.
#[derive(Debug)]
pub(crate) struct Challenges {
    key: SecretKey,
    used: BTreeMap<Challenge, Timestamp>,
}

impl Challenges {
    pub(crate) fn new(draw: Draw) -> Result<Self, CryptoError> {
        let mut key = [0; 32];
        draw(&mut key)?;
        Ok(Self { key: SecretKey::from_bytes(key), used: BTreeMap::new() })
    }

    fn tagged(&self, head: &[u8; 16], purpose: Purpose<'_>) -> Challenge {
        let tag = self.key.tag(&[head.as_slice(), &purpose.label()].concat());
        let mut bytes = [0; 32];
        let (first, second) = bytes.split_at_mut(16);
        first.copy_from_slice(head);
        second.copy_from_slice(tag.split_at(16).0);
        Challenge::from_bytes(bytes)
    }

    pub(crate) fn give(
        &self,
        purpose: Purpose<'_>,
        draw: Draw,
        now: Timestamp,
    ) -> Result<Challenge, CryptoError> {
        let mut head = [0; 16];
        let (time, chance) = head.split_at_mut(8);
        time.copy_from_slice(&now.unix().to_be_bytes());
        draw(chance)?;
        Ok(self.tagged(&head, purpose))
    }

    /// Whether this process gave the challenge for this, not too long ago, and it was not used; now it is.
    pub(crate) fn take(
        &mut self,
        challenge: &Challenge,
        purpose: Purpose<'_>,
        limits: &Limits,
        now: Timestamp,
    ) -> bool {
        self.used.retain(|_, until| now <= *until);
        let Some((head, _)) = challenge.as_bytes().split_first_chunk::<16>() else { return false };
        let Some((time, _)) = head.split_first_chunk::<8>() else { return false };
        let Some(given) = Timestamp::from_unix(i64::from_be_bytes(*time)) else { return false };
        let until = given.plus_seconds(limits.challenge_seconds);
        // A tag that is guessed byte by byte would need 2^16 measurements of each byte within two minutes; yet hashes are
        // compared, so that the time says nothing.
        let same = credential::sha256(self.tagged(head, purpose).as_bytes())
            == credential::sha256(challenge.as_bytes());
        let fresh = given <= now && now <= until && !self.used.contains_key(challenge);
        if same && fresh {
            self.used.insert(*challenge, until);
        }
        same && fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_challenge_counts_once_for_its_purpose_and_a_short_time() {
        let limits = Limits::builtin().unwrap();
        let mut challenges = Challenges::new(credential::random).unwrap();
        let sign_in = Purpose::SignIn;
        let give = |purpose| challenges.give(purpose, credential::random, at(0)).unwrap();
        let (one, two, three) = (give(sign_in), give(sign_in), give(Purpose::Register(&[1; 32])));
        assert!(challenges.take(&one, sign_in, &limits, at(1)));
        assert!(!challenges.take(&one, sign_in, &limits, at(1)), "twice");
        assert!(!challenges.take(&two, Purpose::Register(&[1; 32]), &limits, at(1)), "for something else");
        assert!(!challenges.take(&two, sign_in, &limits, at(-1)), "before it was given");
        assert!(!challenges.take(&two, sign_in, &limits, at(121)), "too old");
        assert!(challenges.take(&two, sign_in, &limits, at(120)));
        assert!(!challenges.take(&three, Purpose::Register(&[2; 32]), &limits, at(1)), "another session");
        assert!(!challenges.take(&Challenge::from_bytes([9; 32]), sign_in, &limits, at(1)), "made up");
        let others = Challenges::new(credential::random).unwrap();
        let foreign = others.give(sign_in, credential::random, at(0)).unwrap();
        assert!(!challenges.take(&foreign, sign_in, &limits, at(1)), "another process");
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_with_the_shift() {
        let limits = Limits::builtin().unwrap();
        let mut sessions = Sessions::default();
        let who = AccountId::from_bytes([1; 8]);
        sessions.open([1; 32], who, How::Passkey, &limits, at(0));
        let on = |sessions: &Sessions, seconds| sessions.find(&[1; 32], &limits, at(seconds)).is_some();
        assert!(on(&sessions, 1799) && !on(&sessions, 1800));
        for minutes in 1..600 {
            sessions.touch(&[1; 32], at(minutes * 60));
        }
        assert!(on(&sessions, 35_999) && !on(&sessions, 36_000), "a shift is ten hours");
        assert!(!on(&sessions, -1), "a clock that went back");
        sessions.open([2; 32], who, How::Code, &limits, at(35_999));
        sessions.close_all(who);
        assert!(sessions.find(&[2; 32], &limits, at(35_999)).is_none());
    }
}
