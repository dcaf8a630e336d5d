//! Guests of a measurement: wallets of this process, with credentials by a key at hand. Tests include this file too.

use std::error::Error;

use authority::status_list_numbers;
use credential::venue::{
    ClaimName, ClaimSet, ClaimValue, Claims, CredentialFrame, CredentialKind, PseudonymSecret, Shown,
    VenueCredential, VenueRequest, answer, issue_credential,
};
use credential::{KeyClass, SigningKey, StatusRef, VerifyingKey};
use documents::{AuthorityCode, LocalDate, Timestamp};

/// The number of the first guest's document; that of the next is one more.
pub const FIRST_NUMBER: u32 = 12_340_001;

/// Gives out wallets, each of another guest from outside who holds a Home Return Permit.
pub struct Guests {
    issuer: SigningKey,
    kid: u8,
    day: LocalDate,
    made: u32,
}

/// A guest with one credential.
pub struct GuestWallet {
    credential: VenueCredential,
    device: SigningKey,
    secret: PseudonymSecret,
}

impl Guests {
    /// Guests whose credentials the mainland issues on `day` with this key, which its list names by `kid`.
    pub const fn new(issuer: SigningKey, kid: u8, day: LocalDate) -> Self {
        Self { issuer, kid, day, made: 0 }
    }

    /// The status list in which their credentials stand.
    pub fn status_list(&self) -> u8 {
        let [first, ..] = status_list_numbers(KeyClass::Software.expiry_for(self.day));
        first
    }

    /// The wallet of the next guest.
    ///
    /// # Errors
    /// The crypto library's.
    pub fn next_wallet(&mut self) -> Result<GuestWallet, Box<dyn Error + Send + Sync>> {
        let (n, device) = (self.made, SigningKey::generate()?);
        self.made += 1;
        let frame = CredentialFrame {
            issuer: AuthorityCode::Chn,
            kind: CredentialKind::Identity,
            issued: self.day.start(),
            expires: KeyClass::Software.expiry_for(self.day),
            device_key: *device.public(),
            status: StatusRef::new(self.status_list(), 70_000 + n).ok_or("no such place in a status list")?,
        };
        let mut claims = Claims::default();
        for (claim, text) in [
            (ClaimName::Name, format!("CANARY, SPECIMEN {n:04}")),
            (ClaimName::NameZh, "樣本".to_owned()),
            (ClaimName::BirthDate, "1990-05-17".to_owned()),
            (ClaimName::Nationality, "CHN".to_owned()),
            (ClaimName::DocumentKind, "home_return_permit".to_owned()),
            (ClaimName::DocumentNumber, format!("H{:08}", FIRST_NUMBER + n)),
        ] {
            claims.insert(claim, ClaimValue::Text(text))?;
        }
        let mut salts = || {
            let mut salt = [0; credential::sd_cwt::SALT_LEN];
            credential::random(&mut salt).map(|()| salt)
        };
        let bytes = issue_credential(&frame, &claims, self.kid, &self.issuer, &mut salts)?;
        let issuer = VerifyingKey::new(*self.issuer.public())?;
        let credential = VenueCredential::receive(&bytes, &issuer, device.public())?;
        let mut secret = [0; 32];
        credential::random(&mut secret)?;
        Ok(GuestWallet { credential, device, secret: PseudonymSecret::from_bytes(secret) })
    }
}

impl GuestWallet {
    /// The bytes of an answer, made at that time, that shows the chosen claims.
    ///
    /// # Errors
    /// [`credential::venue`]'s, where the request asks for what this guest has not.
    pub fn answer(
        &self,
        request: &VenueRequest,
        chosen: &ClaimSet,
        made: Timestamp,
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let shown = [Shown { credential: &self.credential, device: &self.device }];
        Ok(answer(request, chosen, &shown, self.secret.at(&request.venue), made)?)
    }

    /// The device's key, which signs answers.
    pub const fn device(&self) -> &SigningKey {
        &self.device
    }
}
