//! Input from the camera: texts and pictures of crossing codes, and the structures inside them.

use std::panic;
use std::sync::LazyLock;

use clearance::LaneId;
use code::{
    CrossingCode, Effort, MAX_BYTES, MAX_CHARS, PREFIX, Parts, base45, picture as pictures, read_frame,
};
use credential::ProofWindow;
use credential::cbor::{self, Writer};
use credential::cose::{ES256, Sign1, Tagging};
use credential::paper::{MAX_PAPER_LEN, UnverifiedPaper};
use credential::part::{PartContents, PartContext, PartError, PartForm};
use credential::{
    Audience, MAX_PROOF_LEN, MAX_TOKEN_LEN, PartHash, SealedHashes, UnverifiedProof, UnverifiedToken,
};
use documents::{AuthorityCode, Direction, DocumentKind, DocumentNumber};
use gate::check::Checker;

use crate::keys::{LANE, authority_public, device, lists, now, part_key, part_words};

/// The text of a code: an accepted one is written again as the same text, and fits a symbol.
pub fn code_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut scratch = Vec::new();
    let taken = match CrossingCode::parse(text, &mut scratch) {
        Ok(code) => {
            assert_eq!(code.to_text().as_deref(), Ok(text), "a code has one text");
            assert!(text.len() <= MAX_CHARS && code.to_cbor().len() <= MAX_BYTES, "a code keeps its length");
            assert!(code.version().is_some_and(|version| version <= 18), "a code fits its symbol");
            if let CrossingCode::Full { token: shown, parts, .. } = code {
                assert_eq!(parts.iter().count(), parts.len());
                token(shown);
            }
            proof(code.proof());
            true
        }
        Err(_) => false,
    };
    assert!(scratch.len() <= MAX_BYTES, "no text takes more memory than a code has");
    taken
}

/// Base45, and CBOR inside: each has one form, and the strict reader stops at its depth.
pub fn base45_cbor(bytes: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(decoded) = base45::decode(text)
    {
        assert_eq!(base45::encode(&decoded), text, "bytes have one Base45 text");
    }
    assert_eq!(base45::decode(&base45::encode(bytes)).as_deref(), Ok(bytes));
    let taken = cbor::well_formed(bytes).is_ok();
    if taken {
        assert!(cbor::well_formed(bytes.split_last().map_or(bytes, |(_, head)| head)).is_err(), "cut");
        assert!(cbor::well_formed(&[bytes, &[0]].concat()).is_err(), "longer");
    }
    taken
}

/// Small enough that a look for a code costs less than the decoding.
const SMALL_PICTURE: u64 = 128 * 128;

/// A picture file: a decoded one is within the limits of pixels and memory, shows the same whatever stands beside its
/// pixels, and may be searched for a code.
pub fn picture(bytes: &[u8]) -> bool {
    let Ok(image) = pictures::decode(bytes) else { return false };
    let (width, height) = (image.width(), image.height());
    let pixels = u64::from(width) * u64::from(height);
    assert!((1..=pictures::MAX_PIXELS).contains(&pixels), "a picture keeps its bounds");
    assert!(width.max(height) <= pictures::MAX_SIDE, "a side keeps its bound");
    assert!(image.as_bytes().len() as u64 <= pictures::MAX_DECODE_BYTES, "a picture keeps its memory");
    if pixels > SMALL_PICTURE {
        return true;
    }
    if let Some((header, rest)) = bytes.split_at_checked(PNG_HEADER)
        && header.starts_with(b"\x89PNG")
    {
        let with_text = [header, TEXT_THAT_GROWS, rest].concat();
        assert!(pictures::decode(&with_text).as_ref() == Ok(&image), "a text changes no pixel");
    }
    if let Ok(face) = face::Image::decode(bytes) {
        assert!(face.width().max(face.height()) <= 1600, "a picture of a face keeps its bounds");
    }
    if let Ok(text) = read_frame(&image.into_luma8(), Effort::Stream) {
        code_text(text.as_bytes());
    }
    true
}

/// Signature and `IHDR` of a PNG file.
const PNG_HEADER: usize = 33;
/// A `zTXt` chunk that would grow to no end: nobody unpacks it, and nobody reads its sum.
const TEXT_THAT_GROWS: &[u8] = b"\0\0\0\x10zTXtComment\0\0\x78\xda\xed\xc1\x01\x0d\0\0\0\0\0";

/// For the fuzzer, which stops at every panic: panics inside the decoders of pictures and codes are caught by their
/// callers, and only a panic of our own code is a finding.
pub fn let_decoders_fail() {
    let ours = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.location().is_some_and(|at| at.file().contains("/registry/src/")) {
            ours(info);
        }
    }));
}

/// The one encoding of a message with these contents.
pub(crate) fn one_form(bytes: &[u8], message: &Sign1<'_>) {
    let mut header = Writer::new();
    header.map(1 + usize::from(message.kid().is_some())).int(1).int(ES256);
    if let Some(kid) = message.kid() {
        header.int(4).bytes(kid);
    }
    let (head, signature) = bytes.split_at(bytes.len() - 64);
    let mut again = Writer::new();
    again.array(4).bytes(&header.finish()).map(0).bytes(message.unverified_payload()).bytes(signature);
    assert_eq!(again.finish(), [head, signature].concat(), "a signed message has one form");
}

/// A border token before any key is looked up.
pub fn token(bytes: &[u8]) -> bool {
    let Ok(token) = UnverifiedToken::parse(bytes) else { return false };
    let claims = *token.claims();
    assert!(bytes.len() <= MAX_TOKEN_LEN && token.bytes() == bytes);
    let message = Sign1::parse(bytes, Tagging::Untagged, MAX_TOKEN_LEN).unwrap();
    assert_eq!(message.kid(), Some([token.kid()].as_slice()));
    assert_eq!(claims.encode().as_deref(), Ok(message.unverified_payload()), "claims have one form");
    one_form(bytes, &message);
    let sealed = match claims.sealed {
        SealedHashes::One(_) => 1,
        SealedHashes::Two(..) => 2,
    };
    assert_eq!(sealed, SealedHashes::receivers(claims.issuer).len(), "as many hashes as the issuer seals");
    assert_eq!(claims.expires.local_minute_of_day(), 0, "a token ends at a midnight");
    if let Ok(key) = token.device_key()
        && let Ok(verified) = token.verify(authority_public(), key)
    {
        assert_eq!(verified.id(), device().thumbprint().token_id(), "nobody else's token is signed");
    }
    true
}

/// A holder proof before it is verified.
pub fn proof(bytes: &[u8]) -> bool {
    let Ok(proof) = UnverifiedProof::parse(bytes) else { return false };
    assert!(bytes.len() <= MAX_PROOF_LEN);
    let message = Sign1::parse(bytes, Tagging::Untagged, MAX_PROOF_LEN).unwrap();
    let unlock = proof.unlock().map_or([0, 0], |unlock| [unlock.method().wire(), unlock.seconds()]);
    let payload = Writer::new().array(2).uint(proof.made_at().unix().unsigned_abs()).bytes(&unlock).finish();
    assert_eq!(message.unverified_payload(), payload, "a payload has one form");
    one_form(bytes, &message);
    true
}

/// A paper proof before it is verified. No bytes are both kinds of proof.
pub fn paper_proof(bytes: &[u8]) -> bool {
    let Ok(paper) = UnverifiedPaper::parse(bytes) else { return false };
    assert!(bytes.len() <= MAX_PAPER_LEN);
    let message = Sign1::parse(bytes, Tagging::Untagged, MAX_PAPER_LEN).unwrap();
    assert_eq!(message.kid(), Some([paper.kid()].as_slice()));
    let begins = paper.day().start();
    assert_eq!(begins.local_minute_of_day(), 0, "a day begins at a midnight");
    let payload = Writer::new().map(1).int(5).uint(begins.unix().unsigned_abs()).finish();
    assert_eq!(message.unverified_payload(), payload, "a payload has one form");
    one_form(bytes, &message);
    assert!(UnverifiedProof::parse(bytes).is_err(), "nor is it a holder proof");
    true
}

/// The pair of authorities that the first byte of a [`part`] stands for.
#[must_use]
pub fn part_pair(first: u8) -> (AuthorityCode, AuthorityCode) {
    let all = AuthorityCode::ALL;
    let pick = |n: u8| all.into_iter().nth(usize::from(n) % all.len()).unwrap_or(AuthorityCode::Chn);
    (pick(first), pick(first / 3))
}

/// A part: one byte for the pair of authorities, then the sealed contents. An opened part seals again to the same bytes,
/// and opens for no other pair, token or week.
pub fn part(bytes: &[u8]) -> bool {
    let Some((first, plaintext)) = bytes.split_first() else { return false };
    let (issuer, receiver) = part_pair(*first);
    let context = PartContext { issuer, receiver, thumbprint: device().thumbprint() };
    let open = |part: &[u8], context: &PartContext| PartContents::open(part, &part_key(), context);
    assert!(open(plaintext, &context).is_err(), "nobody seals without the key");
    let (info, associated) = part_words(&context);
    let sealed = part_key().seal(&info, &associated, plaintext).unwrap();
    let contents = match open(&sealed, &context) {
        Ok(contents) => contents,
        Err(PartError::Open) => unreachable!("what was sealed in this context opens in it"),
        Err(_) => return false,
    };
    assert!(
        context.form().has_length(sealed.len()),
        "a part has the length of its form, or of the version before"
    );
    assert_eq!(contents.seal(&part_key(), &context), Ok(sealed.clone()), "a part has one form");
    let slots = match context.form() {
        PartForm::Own => credential::part::OWN_SLOTS,
        PartForm::Sealed => credential::part::SEALED_SLOTS,
    };
    assert!(contents.endorsements.len() <= slots);
    for (from, to) in [(receiver, issuer), (issuer, issuer), (receiver, receiver)] {
        let other = PartContext { issuer: from, receiver: to, ..context };
        assert!((from, to) == (issuer, receiver) || open(&sealed, &other).is_err(), "a part of another pair");
    }
    if let Some(kind) = DocumentKind::from_code(contents.kind)
        && let Ok(number) = DocumentNumber::from_wire(kind, &contents.number)
    {
        assert_eq!(number.mrz9(), Some(contents.number), "a number has one form on the wire");
    }
    true
}

/// A code at a lane: a text, or the bytes behind the prefix. Only one device has a signed token, so an accepted code shows
/// that token and was made for this lane in its window.
pub fn gate_check(bytes: &[u8]) -> bool {
    static CHECKER: LazyLock<Checker> = LazyLock::new(|| {
        let way = Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap();
        let audience = |way| Audience::new("hengqin".parse().unwrap(), way, None);
        let lane: LaneId = LANE.parse().unwrap();
        Checker::new(lane, audience(way), ProofWindow::default(), vec![audience(way.reversed())])
    });
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if text.starts_with(PREFIX) => text.to_owned(),
        _ => format!("{PREFIX}{}", base45::encode(bytes)),
    };
    let mut scratch = Vec::new();
    let mut replay = CHECKER.replay_cache(now());
    let Ok(checked) = CHECKER.check(&text, &mut scratch, lists(), &mut replay, now()) else { return false };
    assert_eq!(checked.id(), device().thumbprint().token_id(), "nobody else's token passes");
    let age = now().seconds_since(checked.made_at());
    assert!(
        (-ProofWindow::default().ahead..=ProofWindow::default().behind).contains(&age),
        "the window holds"
    );
    let parts: Vec<(&[u8], PartHash)> = checked.parts().collect();
    assert!(parts.iter().all(|(part, hash)| PartHash::of(part) == *hash));
    let shown: Vec<&[u8]> = parts.iter().map(|(part, _)| *part).collect();
    let code = CrossingCode::Full {
        token: checked.token(),
        proof: checked.proof(),
        parts: Parts::new(&shown).unwrap(),
    };
    assert_eq!(code.to_text(), Ok(text), "what passes is what was shown");
    true
}
