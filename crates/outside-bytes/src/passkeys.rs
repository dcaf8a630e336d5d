//! Passkeys: what a browser hands on from an authenticator. One input is a ceremony: `r` or `a`, then two or three parts, each
//! with its length in two bytes.

use std::sync::LazyLock;

use credential::PublicKey;
use credential::webauthn::{
    Assertion, Challenge, Expected, Passkey, RelyingParty, UserVerification, claimed_challenge, register,
    verify,
};

/// The key of the vectors of WebAuthn Level 3, section 16 (`sctn-test-vectors-none-es256`).
const KEY: &str = "02afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61";

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

/// A registration or an assertion at `example.org`, whatever its challenge is.
#[must_use]
pub fn webauthn(bytes: &[u8]) -> bool {
    static PARTY: LazyLock<RelyingParty> = LazyLock::new(|| RelyingParty::new("example.org").unwrap());
    let Some((kind, rest)) = bytes.split_first() else { return false };
    let Some((client_data, rest)) = part(rest) else { return false };
    let Some((data, rest)) = part(rest) else { return false };
    let challenge = claimed_challenge(client_data).unwrap_or(Challenge::from_bytes([0; 32]));
    let origins = ["https://example.org".to_owned()];
    let expected = Expected {
        party: &PARTY,
        challenge: &challenge,
        origins: &origins,
        verification: UserVerification::Discouraged,
    };
    if *kind == b'r' {
        let made = register(&expected, client_data, data);
        if let Ok(passkey) = &made {
            assert!((1..=1023).contains(&passkey.id.len()), "a credential id has its bounds");
            assert!(credential::VerifyingKey::new(passkey.key).is_ok(), "a key that is taken can verify");
        }
        return made.is_ok() && rest.is_empty();
    }
    let Some((signature, rest)) = part(rest) else { return false };
    let key = PublicKey::from_bytes(&hex::decode(KEY).unwrap()).unwrap();
    let passkey = Passkey { id: vec![1], key, sign_count: 0, backup_eligible: true };
    let answer = Assertion { client_data, authenticator_data: data, signature };
    let taken = verify(&expected, &passkey, &answer);
    if let Ok(after) = &taken {
        assert_eq!((&after.id, after.key), (&passkey.id, passkey.key), "only the counter changes");
    }
    taken.is_ok() && rest.is_empty()
}
