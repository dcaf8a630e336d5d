//! A traveller at a desk: credentials from an authority, a request, an answer, and everything that a desk must refuse.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here fails the test")]

mod answers;
mod credentials;
mod faults;

use credential::sd_cwt::SALT_LEN;
use credential::status::Status;
use credential::venue::{
    ClaimName, ClaimSet, ClaimValue, Claims, CredentialFrame, CredentialKind, Exchange, PresentationError,
    Pseudonym, PseudonymSecret, Shown, UnverifiedAnswer, VenueCredential, VenueRequest, VerifiedAnswer,
    answer, issue_credential,
};
use credential::{CryptoError, KeyClass, SigningKey, StatusRef, VerifyingKey};
use documents::{AuthorityCode, Scenario, Timestamp};

/// One authority, one wallet, one desk.
struct World {
    authority: SigningKey,
    secret: PseudonymSecret,
    now: Timestamp,
}

/// A credential with its device key.
struct Owned {
    credential: VenueCredential,
    device: SigningKey,
}

const KID: u8 = 7;

fn salts() -> impl FnMut() -> Result<[u8; SALT_LEN], CryptoError> {
    || {
        let mut salt = [0; SALT_LEN];
        credential::random(&mut salt)?;
        Ok(salt)
    }
}

/// The claims of a specimen of this kind.
fn specimen(kind: CredentialKind) -> Claims {
    let mut claims = Claims::default();
    for claim in kind.claims() {
        let value = match claim {
            ClaimName::Name => ClaimValue::Text("SPECIMEN, MEI LING".to_owned()),
            ClaimName::NameZh => ClaimValue::Text("樣本美玲".to_owned()),
            ClaimName::BirthDate => ClaimValue::Text("1990-06-15".to_owned()),
            ClaimName::Nationality => ClaimValue::Text("CHN".to_owned()),
            ClaimName::DocumentKind => ClaimValue::Text("home_return_permit".to_owned()),
            ClaimName::DocumentNumber => ClaimValue::Text("H12345678".to_owned()),
            ClaimName::Region => ClaimValue::Text("HKG".to_owned()),
            ClaimName::City => ClaimValue::Text("Hong Kong".to_owned()),
            ClaimName::Portrait => ClaimValue::File(vec![0xff; 9000]),
            ClaimName::AgeOver12
            | ClaimName::AgeOver14
            | ClaimName::AgeOver16
            | ClaimName::AgeOver18
            | ClaimName::AgeOver60
            | ClaimName::AgeOver65 => ClaimValue::Flag(claim.years() < Some(36)),
        };
        claims.insert(claim, value).unwrap();
    }
    claims
}

fn set(claims: &[ClaimName]) -> ClaimSet {
    claims.iter().copied().collect()
}

impl World {
    fn new() -> Self {
        Self {
            authority: SigningKey::generate().unwrap(),
            secret: PseudonymSecret::from_bytes([9; 32]),
            now: "2026-03-02T10:00:00+08:00".parse().unwrap(),
        }
    }

    fn key(&self) -> VerifyingKey {
        VerifyingKey::new(*self.authority.public()).unwrap()
    }

    fn frame(&self, kind: CredentialKind, device: &SigningKey) -> CredentialFrame {
        let day = self.now.local_date();
        CredentialFrame {
            issuer: AuthorityCode::Chn,
            kind,
            issued: day.start(),
            expires: KeyClass::Hardware.expiry_for(day),
            device_key: *device.public(),
            status: StatusRef::new(3, 70_000).unwrap(),
        }
    }

    fn issue(&self, kind: CredentialKind, claims: &Claims) -> Owned {
        let device = SigningKey::generate().unwrap();
        let bytes =
            issue_credential(&self.frame(kind, &device), claims, KID, &self.authority, &mut salts()).unwrap();
        let credential = VenueCredential::receive(&bytes, &self.key(), device.public()).unwrap();
        Owned { credential, device }
    }

    fn credential(&self, kind: CredentialKind) -> Owned {
        self.issue(kind, &specimen(kind))
    }

    fn request(&self, required: &[ClaimName], optional: &[ClaimName]) -> VenueRequest {
        VenueRequest {
            venue: "harbour-hotel-zhuhai".parse().unwrap(),
            scenario: Scenario::HotelCheckIn,
            approval: "hotel-zhuhai-1".to_owned(),
            purpose: "guest-register".to_owned(),
            required: set(required),
            optional: set(optional),
            retention_days: 30,
            face: false,
            exchange: Exchange::Once([7; 16]),
            reply: None,
            made: self.now,
            ends: self.now.plus_seconds(300),
        }
    }

    fn pseudonym(&self, request: &VenueRequest) -> Pseudonym {
        self.secret.at(&request.venue)
    }

    fn answer(&self, request: &VenueRequest, chosen: &[ClaimName], owned: &[&Owned]) -> Vec<u8> {
        let shown: Vec<Shown<'_>> =
            owned.iter().map(|one| Shown { credential: &one.credential, device: &one.device }).collect();
        answer(request, &set(chosen), &shown, self.pseudonym(request), self.now).unwrap()
    }

    /// What the desk says, with a trusted key and a valid status.
    fn verify(&self, request: &VenueRequest, bytes: &[u8]) -> Result<VerifiedAnswer, PresentationError> {
        self.verify_at(request, bytes, self.now, Some(Status::Valid))
    }

    fn verify_at(
        &self,
        request: &VenueRequest,
        bytes: &[u8],
        now: Timestamp,
        status: Option<Status>,
    ) -> Result<VerifiedAnswer, PresentationError> {
        let trusted = |authority, kid| ((authority, kid) == (AuthorityCode::Chn, KID)).then(|| self.key());
        let known = (AuthorityCode::Chn, StatusRef::new(3, 70_000).unwrap());
        UnverifiedAnswer::parse(bytes)?
            .verify(request, now, trusted, |authority, place| status.filter(|_| (authority, place) == known))
    }
}
