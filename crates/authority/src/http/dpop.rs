//! DPoP: what a request of a wallet must prove (RFC 9449, 4.3), and the memory of proofs that were seen.
//!
//! Lives here: [`DpopGuard`], the extractors [`Wallet`] and [`Device`]. Not here: form and signature of a proof
//! (`credential::dpop`), which key a session is bound to (`enrolment::session`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::dpop::{DpopProof, DpopThumbprint};
use credential::{SecretKey, sha256};
use documents::Timestamp;
use openid4vc::issuance::{Refusal, RefusalCode};

use super::AppState;
use super::problem::{Problem, ProblemCode};
use crate::store::vault::PersonKey;

/// The header of a proof.
pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The header of a nonce.
pub(super) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// How far a proof's own time may lie from this clock, where it was made without a nonce.
const WINDOW_SECONDS: i64 = 60;
/// A nonce counts while it is drawn, and as long again.
const NONCE_SECONDS: i64 = 300;
/// Proofs that are remembered of one key, and of all keys together.
const MANY_OF_ONE: usize = 2_048;
const MANY: usize = 262_144;
/// A proof is forgotten when no nonce counts any more with which it could have been made.
const KEPT_SECONDS: i64 = 2 * NONCE_SECONDS + WINDOW_SECONDS;

/// Why a proof is not taken, which was read and whose signature is its key's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Made at another time, or with a nonce that is over.
    Stale,
    /// Seen before.
    Replayed,
    /// So many of this key, or of all, that no more are remembered.
    Full,
}

/// Nonces, and the proofs that were seen.
pub(super) struct DpopGuard {
    key: SecretKey,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    by_key: HashMap<DpopThumbprint, HashMap<[u8; 32], Timestamp>>,
    count: usize,
}

impl DpopGuard {
    pub(super) fn new(key: SecretKey) -> Self {
        Self { key, seen: Mutex::default() }
    }

    /// The nonce of this time: nothing of it is kept.
    pub(super) fn nonce(&self, now: Timestamp) -> String {
        self.nonce_of(now.unix().div_euclid(NONCE_SECONDS))
    }

    fn nonce_of(&self, slot: i64) -> String {
        let tag = self.key.tag(&slot.to_be_bytes());
        URL_SAFE_NO_PAD.encode(tag.get(..16).unwrap_or_default())
    }

    /// Notes a proof; each counts once. With a nonce that counts, the wallet's clock does not matter.
    fn take(&self, proof: &DpopProof, now: Timestamp) -> Result<(), Fault> {
        let slot = now.unix().div_euclid(NONCE_SECONDS);
        let fresh = match proof.nonce() {
            Some(nonce) => [slot, slot - 1].into_iter().any(|slot| self.nonce_of(slot) == nonce),
            None => proof.made_at().abs_diff(now.unix()) <= WINDOW_SECONDS.unsigned_abs(),
        };
        if !fresh {
            return Err(Fault::Stale);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { by_key, count } = &mut *seen;
        if *count >= MANY {
            by_key.retain(|_, proofs| {
                proofs.retain(|_, until| now < *until);
                !proofs.is_empty()
            });
            *count = by_key.values().map(HashMap::len).sum();
        }
        let proofs = by_key.entry(proof.thumbprint()).or_default();
        if proofs.len() >= MANY_OF_ONE {
            let before = proofs.len();
            proofs.retain(|_, until| now < *until);
            *count -= before - proofs.len();
        }
        let id = sha256(proof.id().as_bytes());
        if proofs.contains_key(&id) {
            return Err(Fault::Replayed);
        }
        if proofs.len() >= MANY_OF_ONE || *count >= MANY {
            return Err(Fault::Full);
        }
        proofs.insert(id, now.plus_seconds(KEPT_SECONDS));
        *count += 1;
        Ok(())
    }
}

fn refused(detail: &str) -> Problem {
    Problem::new(ProblemCode::InvalidDpopProof).with_detail(detail)
}

fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    // RFC 9449, 4.3: there is not more than one.
    if all.next().is_some() { None } else { first.to_str().ok() }
}

/// The proof of a request, for its method and address, and for its secret where it has one.
fn read(parts: &Parts, token: Option<&str>) -> Result<DpopProof, Problem> {
    let text = one(&parts.headers, &DPOP)
        .ok_or_else(|| refused("send one proof of the wallet's device key in the header DPoP (RFC 9449)"))?;
    let proof = DpopProof::verify(text).map_err(|error| refused(&error.to_string()))?;
    let named = one(&parts.headers, &header::HOST).map(str::to_owned);
    let host = named.or_else(|| parts.uri.authority().map(ToString::to_string)).unwrap_or_default();
    if !proof.is_for(parts.method.as_str(), &host, parts.uri.path()) {
        return Err(refused("the proof was made for another method or address than this request's"));
    }
    match token {
        Some(token) if !proof.is_for_token(token) => {
            Err(refused("the proof was made for another secret than this request's"))
        }
        Some(_) | None => Ok(proof),
    }
}

/// Takes a proof, once.
fn take(app: &AppState, proof: &DpopProof, now: Timestamp) -> Result<(), Problem> {
    app.dpop.take(proof, now).map_err(|fault| match fault {
        Fault::Stale => Problem::new(ProblemCode::UseDpopNonce).with_nonce(app.dpop.nonce(now)),
        Fault::Replayed => refused("the proof was sent before; make a new one for each request"),
        Fault::Full => Problem::new(ProblemCode::TooManyRequests).after(60),
    })
}

/// The key of a wallet of others, by a proof that was made near this time and with a nonce of this server (HAIP 1.0, FAPI 2.0,
/// 5.3.2.1): `token` is the access token that came along.
pub(super) fn of_wallet_of_others(
    parts: &Parts,
    token: Option<&str>,
    app: &AppState,
    now: Timestamp,
) -> Result<DpopThumbprint, Refusal> {
    let invalid = |description| Refusal::new(RefusalCode::InvalidDpopProof, description);
    let proof = read(parts, token).map_err(|_| {
        invalid("send one proof of the wallet's key for this request in the header DPoP (RFC 9449)")
    })?;
    if proof.made_at().abs_diff(now.unix()) > WINDOW_SECONDS.unsigned_abs() {
        return Err(invalid("the proof was made at another time; compare the clocks"));
    }
    let again =
        || Refusal::new(RefusalCode::UseDpopNonce, "make the proof with the nonce in the header DPoP-Nonce");
    if proof.nonce().is_none() {
        return Err(again());
    }
    match app.dpop.take(&proof, now) {
        Ok(()) => Ok(proof.thumbprint()),
        Err(Fault::Stale) => Err(again()),
        Err(Fault::Replayed) => Err(invalid("the proof was sent before; make a new one for each request")),
        Err(Fault::Full) => Err(Refusal::new(
            RefusalCode::TemporarilyUnavailable,
            "too many requests of this key; try again in a minute",
        )),
    }
}

/// The secret after `DPoP` (RFC 9449, 7.1).
fn secret(parts: &Parts) -> Option<(&str, [u8; 32])> {
    let value = one(&parts.headers, &header::AUTHORIZATION)?;
    let (scheme, text) = value.split_once(' ')?;
    let text = text.trim();
    let secret = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    scheme.eq_ignore_ascii_case("DPoP").then_some((text, secret))
}

/// A wallet with a pass in force: its secret, sent by whoever holds the device key to which it is bound.
pub(super) struct Wallet(pub(super) [u8; 32]);

impl FromRequestParts<Arc<AppState>> for Wallet {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Problem> {
        let (text, secret) = secret(parts).ok_or(ProblemCode::Unauthorized)?;
        let (proof, now) = (read(parts, Some(text))?, (app.state.now)());
        // First whose it is: what is remembered of proofs is the work of known wallets.
        app.state.service.open_session(&secret, proof.thumbprint(), now).await?;
        take(app, &proof, now)?;
        Ok(Self(secret))
    }
}

/// A device key, and whose wallet it is where a secret came along that is bound to it.
pub(super) struct Device {
    pub(super) thumbprint: DpopThumbprint,
    pub(super) holder: Option<PersonKey>,
}

impl FromRequestParts<Arc<AppState>> for Device {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Problem> {
        let secret = secret(parts);
        let (proof, now) = (read(parts, secret.map(|(text, _)| text))?, (app.state.now)());
        let thumbprint = proof.thumbprint();
        // A pass that ended in the meantime is no reason against enrolling anew.
        let holder = match secret {
            Some((_, secret)) => app.state.service.open_session(&secret, thumbprint, now).await.ok(),
            None => None,
        };
        take(app, &proof, now)?;
        Ok(Self { thumbprint, holder })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use credential::SigningKey;
    use credential::dpop::{DpopRequest, sign_dpop};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    fn proof(key: &SigningKey, id: u64, made: Timestamp, nonce: Option<&str>) -> DpopProof {
        let request = DpopRequest { method: "GET", url: "https://a.example/b", token: None, nonce };
        let id = (u128::from(id)).to_be_bytes();
        DpopProof::verify(&sign_dpop(key, request, id, made).unwrap()).unwrap()
    }

    #[test]
    fn a_proof_counts_once_and_for_a_minute_or_as_long_as_its_nonce() {
        let guard = DpopGuard::new(SecretKey::from_bytes([3; 32]));
        let key = SigningKey::generate().unwrap();
        assert_eq!(guard.take(&proof(&key, 1, at(0), None), at(60)), Ok(()));
        assert_eq!(guard.take(&proof(&key, 1, at(1), None), at(60)), Err(Fault::Replayed), "its name counts");
        assert_eq!(guard.take(&proof(&key, 2, at(0), None), at(61)), Err(Fault::Stale));
        assert_eq!(guard.take(&proof(&key, 2, at(122), None), at(61)), Err(Fault::Stale));
        let nonce = guard.nonce(at(0));
        let wrong_clock = proof(&key, 3, at(-9_999_999), Some(&nonce));
        assert_eq!(
            guard.take(&wrong_clock, at(299)),
            Ok(()),
            "with a nonce the wallet's clock does not matter"
        );
        assert_eq!(guard.take(&wrong_clock, at(300)), Err(Fault::Replayed));
        assert_eq!(guard.take(&proof(&key, 4, at(900), Some(&nonce)), at(900)), Err(Fault::Stale));
        assert_eq!(guard.take(&proof(&key, 5, at(0), Some("another")), at(0)), Err(Fault::Stale));
        let other = DpopGuard::new(SecretKey::from_bytes([4; 32]));
        assert_eq!(guard.take(&proof(&key, 6, at(0), Some(&other.nonce(at(0)))), at(0)), Err(Fault::Stale));
    }

    #[test]
    fn one_key_fills_its_own_memory_and_nobody_elses() {
        let guard = DpopGuard::new(SecretKey::from_bytes([3; 32]));
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        for id in 0..MANY_OF_ONE as u64 {
            assert_eq!(guard.take(&proof(&key, id, at(0), None), at(0)), Ok(()));
        }
        assert_eq!(guard.take(&proof(&key, 1 << 40, at(0), None), at(0)), Err(Fault::Full));
        assert_eq!(guard.take(&proof(&other, 1, at(0), None), at(0)), Ok(()));
        let later = at(KEPT_SECONDS);
        assert_eq!(guard.take(&proof(&key, 1 << 40, later, None), later), Ok(()));
    }
}
