//! What a stranger sends to be enrolled: the proof of a device key, and the answer to a salt.

use credential::SecretKey;
use credential::dpop::{DpopProof, MAX_DPOP_LEN};
use credential::work::{MAX_WORK_BITS, WorkTicket, is_solved};
use documents::Timestamp;

/// The proof in the header `DPoP`.
pub fn dpop(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(proof) = DpopProof::verify(text) else { return false };
    assert!(text.len() <= MAX_DPOP_LEN && text.is_ascii());
    assert!((1..=128).contains(&proof.id().len()));
    assert_eq!(credential::dpop::DpopThumbprint::of(proof.key()).unwrap(), proof.thumbprint());
    assert!(!proof.is_for("GET", "", "/"), "a proof names a host");
    true
}

/// A salt that came back, a line's end, and the answer to it.
pub fn work_salt(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).ok().and_then(|text| text.split_once('\n'));
    let Some((salt, answer)) = text else { return false };
    let Ok(answer) = answer.parse() else { return false };
    let (key, now) = (SecretKey::from_bytes([7; 32]), Timestamp::from_unix(1_800_000_000).unwrap());
    let Ok(ticket) = WorkTicket::accept(&key, b"subject", salt, answer, now) else { return false };
    assert!(ticket.bits <= MAX_WORK_BITS && ticket.from <= now && now < ticket.until);
    assert!(is_solved(salt, answer, ticket.bits));
    assert_eq!(
        WorkTicket::accept(&key, b"another", salt, answer, now),
        Err(credential::work::WorkError::Salt),
        "an answer counts for one subject"
    );
    true
}
