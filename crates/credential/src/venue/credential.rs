//! Venue credentials: an SD-CWT with exactly eight hashes, bound to a device key and a place in a status list.
//!
//! Lives here: issuing one, and reading one in the wallet. Not here: who issues which kind (`authority`), and where a wallet
//! keeps them.

use documents::{AuthorityCode, Timestamp, redact_debug};

use super::claim::{ClaimForm, ClaimName, ClaimSet, ClaimValue, Claims, CredentialKind};
use crate::crypto::{CryptoError, PublicKey, SigningKey, VerifyingKey};
use crate::sd_cwt::{
    self, Blueprint, Content, Encoding, Entry, FormError, Held, HolderError, IssueError, Key, SALT_LEN,
    SdCwt, Value, label,
};
use crate::token::StatusRef;

/// Hashes in every credential: `sub`, the claims of the kind, and decoys. So their number tells nothing.
pub const HASHES: usize = 8;
/// Longest credential that is read, in bytes: one with a portrait.
pub const MAX_CREDENTIAL_LEN: usize = super::claim::MAX_PORTRAIT_LEN + 2048;
/// Random bytes that become the credential's `sub`.
const SUBJECT_LEN: usize = 16;

/// What stands open in a credential: all that its issuer says to everybody who sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialFrame {
    /// The authority that vouches for its claims.
    pub issuer: AuthorityCode,
    /// Its kind.
    pub kind: CredentialKind,
    /// The local midnight of the day of issue.
    pub issued: Timestamp,
    /// A local midnight; at this instant it has already expired.
    pub expires: Timestamp,
    /// The device key that it binds.
    pub device_key: PublicKey,
    /// Its place in the issuer's status lists.
    pub status: StatusRef,
}

/// Why a credential is not issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialIssueError {
    /// There is no claim, or one that the kind does not have.
    #[error("a credential of kind {kind} has claims of that kind and no other; correct the record")]
    Claims {
        /// The kind.
        kind: CredentialKind,
    },
    /// A time is no local midnight, or the credential ends before it begins.
    #[error("a credential begins and ends at a local midnight, and begins before it ends")]
    Times,
    /// It cannot be made.
    #[error(transparent)]
    Token(#[from] IssueError),
    /// The crypto library cannot draw random bytes.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Issues a credential; `salt` draws 16 random bytes each time, and is asked nine times.
///
/// # Errors
/// [`CredentialIssueError`] for a frame or claims that no desk would take.
pub fn issue_credential(
    frame: &CredentialFrame,
    claims: &Claims,
    kid: u8,
    key: &SigningKey,
    salt: &mut impl FnMut() -> Result<[u8; SALT_LEN], CryptoError>,
) -> Result<Vec<u8>, CredentialIssueError> {
    // A claim that the issuer cannot tell (no Chinese name, no address) is a decoy more.
    if claims.is_empty() || !claims.names().is_subset(&frame.kind.claims().collect::<ClaimSet>()) {
        return Err(CredentialIssueError::Claims { kind: frame.kind });
    }
    if !(is_midnight(frame.issued) && is_midnight(frame.expires) && frame.issued < frame.expires) {
        return Err(CredentialIssueError::Times);
    }
    let subject: String = salt()?.iter().take(SUBJECT_LEN).map(|byte| format!("{byte:02x}")).collect();
    let whole = |value| Blueprint::Whole(value);
    let time = |time: Timestamp| whole(Value::Int(time.unix().into()));
    let mut entries = vec![
        Entry::Shown(label::ISS.into(), whole(Value::text(frame.issuer.code()))),
        Entry::Shown(label::EXP.into(), time(frame.expires)),
        Entry::Shown(label::IAT.into(), time(frame.issued)),
        Entry::Shown(label::CNF.into(), whole(confirmation(&frame.device_key))),
        Entry::Shown(label::VCT.into(), whole(Value::Int(frame.kind.vct().into()))),
        Entry::Shown(label::STATUS.into(), whole(status(frame.issuer, frame.status))),
        Entry::Redacted(label::SUB.into(), whole(Value::Text(subject))),
    ];
    entries.extend(
        claims.iter().map(|(claim, value)| Entry::Redacted(claim.label().into(), whole(to_value(value)))),
    );
    let redacted = claims.len() + 1;
    entries.extend(std::iter::repeat_n(Entry::Decoy, HASHES.saturating_sub(redacted)));
    Ok(sd_cwt::issue(&entries, &[kid], key, salt)?)
}

/// Why a credential was refused, in a wallet or at a desk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// It is no SD-CWT, or not one for this device key.
    #[error(transparent)]
    Token(#[from] HolderError),
    /// What stands open in it is not what a venue credential has.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It has a claim that its kind does not have, or none at all.
    #[error("the credential has not the claims of its kind; ask the authority for a new one")]
    Claims,
    /// A value has not the form of its claim.
    #[error(transparent)]
    Value(#[from] ClaimForm),
}

/// Why what stands open in a credential is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It names no key id of one byte.
    #[error("the credential's key id is not one byte")]
    KeyId,
    /// It has a header or an open claim that a venue credential does not have, or lacks one.
    #[error("the credential has other open claims than a venue credential")]
    Claims,
    /// The issuer is not the code of an authority.
    #[error("the credential's issuer is not the code of an authority")]
    Issuer,
    /// The kind is not one of a venue credential.
    #[error("the credential is of no kind that venues know")]
    Kind,
    /// A time is no local midnight.
    #[error("the credential does not begin and end at a local midnight")]
    Times,
    /// The status is no place in a list of the issuer.
    #[error("the credential's status is no place in a list of its issuer")]
    Status,
    /// It has another number of hashes than eight.
    #[error("the credential has {got} hashes in place of 8")]
    Hashes {
        /// Their number.
        got: usize,
    },
}

impl CredentialFrame {
    /// Reads what stands open in a token, and the key id that it names; nothing is trusted yet.
    ///
    /// # Errors
    /// [`FrameError`] for the first departure from the form.
    pub fn read(token: &SdCwt<'_>, device_key: PublicKey) -> Result<(Self, u8), FrameError> {
        let Some(&[kid]) = token.kid() else { return Err(FrameError::KeyId) };
        // alg, kid and typ alone: what a header of ours has not is not passed over.
        if token.algorithm() != sd_cwt::ESP256 || token.header_len() != 3 {
            return Err(FrameError::Claims);
        }
        let open = token.unverified_payload().as_map().unwrap_or_default();
        let labels = [label::ISS, label::EXP, label::IAT, label::CNF, label::VCT, label::STATUS];
        let known = labels.into_iter().map(Key::Int).chain([Key::Redacted]);
        if !open.iter().map(|(key, _)| key.clone()).eq(known) {
            return Err(FrameError::Claims);
        }
        let hashes = match open.last() {
            Some((_, Value::Array(hashes))) => hashes.len(),
            _ => 0,
        };
        if hashes != HASHES {
            return Err(FrameError::Hashes { got: hashes });
        }
        let claim = |label| token.unverified_claim(label);
        let issuer = claim(label::ISS).and_then(Value::as_text).unwrap_or_default();
        let issuer =
            AuthorityCode::ALL.into_iter().find(|one| one.code() == issuer).ok_or(FrameError::Issuer)?;
        let vct = claim(label::VCT).and_then(Value::as_int).and_then(|vct| u64::try_from(vct).ok());
        let frame = Self {
            issuer,
            kind: vct.and_then(CredentialKind::from_vct).ok_or(FrameError::Kind)?,
            issued: claim(label::IAT).and_then(midnight).ok_or(FrameError::Times)?,
            expires: claim(label::EXP).and_then(midnight).ok_or(FrameError::Times)?,
            device_key,
            status: claim(label::STATUS).and_then(|s| read_status(issuer, s)).ok_or(FrameError::Status)?,
        };
        Ok((frame, kid))
    }
}

/// A credential in a wallet, with all its claims.
#[derive(Clone)]
pub struct VenueCredential {
    held: Held,
    frame: CredentialFrame,
    claims: Claims,
}
redact_debug!(VenueCredential);

impl VenueCredential {
    /// Takes a credential from an authority: verifies its signature, that it is bound to `device`, and that it has claims of
    /// its kind alone, all of them disclosed to the wallet.
    ///
    /// # Errors
    /// [`CredentialError`] for the first fault.
    pub fn receive(bytes: &[u8], issuer: &VerifyingKey, device: &PublicKey) -> Result<Self, CredentialError> {
        let form = |error: FormError| HolderError::from(error);
        let token = SdCwt::parse(bytes, Encoding::Deterministic).map_err(form)?;
        let (frame, _) = CredentialFrame::read(&token, *device)?;
        let held = Held::receive(bytes, Encoding::Deterministic, issuer, device, None)?;
        if held.disclosures().count() != HASHES {
            return Err(CredentialError::Claims);
        }
        let mut claims = Claims::default();
        for (disclosure, _) in held.disclosures() {
            match disclosure.content() {
                Content::Entry(Key::Int(label::SUB), _) | Content::Decoy => {}
                Content::Entry(key, value) => {
                    let claim = claim_of(key, frame.kind).ok_or(CredentialError::Claims)?;
                    claims.insert(claim, from_value(value).ok_or(ClaimForm { claim })?)?;
                }
                Content::Element(_) => return Err(CredentialError::Claims),
            }
        }
        if claims.is_empty() {
            return Err(CredentialError::Claims);
        }
        Ok(Self { held, frame, claims })
    }

    /// What stands open in it.
    #[must_use]
    pub const fn frame(&self) -> &CredentialFrame {
        &self.frame
    }

    /// Its claims.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The credential as it came, for the wallet's store.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.held.bytes()
    }

    pub(super) const fn held(&self) -> &Held {
        &self.held
    }
}

/// The claim of this kind that a disclosed key names.
pub(super) fn claim_of(key: &Key, kind: CredentialKind) -> Option<ClaimName> {
    match key {
        Key::Int(label) => ClaimName::from_label(*label).filter(|claim| claim.kind() == kind),
        Key::Text(_) | Key::Redacted => None,
    }
}

pub(super) fn from_value(value: &Value) -> Option<ClaimValue> {
    match value {
        Value::Text(text) => Some(ClaimValue::Text(text.clone())),
        Value::Bool(flag) => Some(ClaimValue::Flag(*flag)),
        Value::Bytes(bytes) => Some(ClaimValue::File(bytes.clone())),
        Value::Int(_)
        | Value::Array(_)
        | Value::Map(_)
        | Value::Tag(..)
        | Value::Null
        | Value::Undefined
        | Value::Float(_) => None,
    }
}

fn to_value(value: &ClaimValue) -> Value {
    match value {
        ClaimValue::Text(text) => Value::Text(text.clone()),
        ClaimValue::Flag(flag) => Value::Bool(*flag),
        ClaimValue::File(bytes) => Value::Bytes(bytes.clone()),
    }
}

/// `{1: COSE_Key}` with a compressed point, as border tokens have it.
fn confirmation(key: &PublicKey) -> Value {
    let (x, y_is_odd) = key.x_and_sign();
    let key = Value::Map(vec![
        (1.into(), Value::Int(2)),
        (Key::Int(-1), Value::Int(1)),
        (Key::Int(-2), Value::Bytes(x.to_vec())),
        (Key::Int(-3), Value::Bool(y_is_odd)),
    ]);
    Value::Map(vec![(1.into(), key)])
}

/// draft-ietf-oauth-status-list-20, 6.3: the list's name and the place in it.
fn status(issuer: AuthorityCode, status: StatusRef) -> Value {
    let place = vec![
        (Key::from("idx"), Value::Int(status.index().into())),
        (Key::from("uri"), Value::Text(status_uri(issuer, status.list()))),
    ];
    Value::Map(vec![(Key::from("status_list"), Value::Map(place))])
}

fn read_status(issuer: AuthorityCode, value: &Value) -> Option<StatusRef> {
    let place = value.get("status_list")?;
    let index = u32::try_from(place.get("idx")?.as_int()?).ok()?;
    let list = (0..=23)
        .find(|list| place.get("uri").and_then(Value::as_text) == Some(&status_uri(issuer, *list)))?;
    let found = StatusRef::new(list, index)?;
    // Nothing else may stand in it.
    (*value == status(issuer, found)).then_some(found)
}

fn status_uri(issuer: AuthorityCode, list: u8) -> String {
    format!("urn:baypass:status:{issuer}:{list}")
}

fn midnight(value: &Value) -> Option<Timestamp> {
    let time = i64::try_from(value.as_int()?).ok().and_then(Timestamp::from_unix)?;
    is_midnight(time).then_some(time)
}

fn is_midnight(time: Timestamp) -> bool {
    time.local_date().start() == time
}
