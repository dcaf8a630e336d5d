//! Requests of a desk: who asks for which claims, why, for how long, and where the answer goes.
//!
//! Lives here: [`VenueRequest`], its form, signature and times. Not here: whose key signs it, and whether its approval
//! allows what it asks (`trust`).

use documents::{Scenario, Timestamp, VenueId};

use super::claim::{ClaimSet, ClaimSetError};
use crate::cbor::{CborError, Reader, Writer};
use crate::crypto::{SigningKey, VerifyingKey, sha256};
use crate::message::{self, Kind, MessageError, read_time};

/// Longest purpose, in bytes.
pub const MAX_PURPOSE_LEN: usize = 100;
/// Longest id of an approval, in bytes.
const MAX_APPROVAL_LEN: usize = 64;
/// Longest address for the answer, in bytes.
pub const MAX_REPLY_LEN: usize = 200;
/// Longest life of a request with a nonce, in seconds.
pub const MAX_REQUEST_SECONDS: i64 = 300;
/// Longest life of a standing request, in seconds: 400 days.
pub const MAX_SIGN_SECONDS: i64 = 400 * 86_400;
/// Seconds by which the desk's clock may be ahead of the wallet's.
pub const REQUEST_AHEAD_SECONDS: i64 = 10;

/// The id of a request: SHA-256 of its payload. An altered but valid signature leaves it the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId([u8; 32]);

impl RequestId {
    /// An id from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 16 bytes, which an answer bears as `cnonce`.
    #[must_use]
    pub fn cnonce(&self) -> [u8; 16] {
        let mut cnonce = [0; 16];
        cnonce.copy_from_slice(self.0.split_at(16).0);
        cnonce
    }
}

/// Whether a request is for one answer or stands for many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// For one answer, with a fresh nonce.
    Once([u8; 16]),
    /// A printed sign: for every answer until it ends.
    Standing,
}

/// What a desk asks of a traveller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueRequest {
    /// The venue that asks.
    pub venue: VenueId,
    /// What the pass is shown for; never a border crossing.
    pub scenario: Scenario,
    /// Id of the approval under which it asks.
    pub approval: String,
    /// Why it asks, in a word of the approval.
    pub purpose: String,
    /// The claims without which it does not serve; at least one.
    pub required: ClaimSet,
    /// The claims to which the traveller may say no.
    pub optional: ClaimSet,
    /// How long it keeps the claims, in days.
    pub retention_days: u16,
    /// Whether a face is compared at the desk.
    pub face: bool,
    /// For one answer, or a sign.
    pub exchange: Exchange,
    /// The address for the answer, HTTPS or on the loopback; `None` where the answer is shown to the desk's camera.
    pub reply: Option<String>,
    /// When it was made, by the desk's clock.
    pub made: Timestamp,
    /// When it ends; at that instant it counts no more.
    pub ends: Timestamp,
}

/// Why a request was refused, or is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The bytes are no request that this key has signed.
    #[error("not a request that the desk's key has signed: {0}")]
    Message(#[from] MessageError),
    /// The payload is malformed.
    #[error("malformed request of a desk: {0}")]
    Form(#[from] CborError),
    /// The venue's id is not one.
    #[error("the request's venue is no venue's id")]
    Venue,
    /// The scenario is unknown, or not one of a venue.
    #[error("the request's scenario is not one of a venue")]
    Scenario,
    /// The approval's id is empty, or has characters that cannot be shown.
    #[error("the request's approval is empty or not plain text")]
    Approval,
    /// The purpose is empty, or has characters that cannot be shown.
    #[error("the request's purpose is empty or not plain text")]
    Purpose,
    /// It asks for a claim that there is not.
    #[error("the request asks for claim {label}, which there is not")]
    UnknownClaim {
        /// The number.
        label: i64,
    },
    /// A claim is asked for twice, or the labels are not in ascending order.
    #[error("a claim is asked for twice, or the claims are not in ascending order of their labels")]
    ClaimOrder,
    /// It requires no claim.
    #[error("the request requires no claim; one at least is needed for an answer")]
    NothingRequired,
    /// The address for the answer is no HTTPS address in plain ASCII, nor one on the loopback.
    #[error(
        "the address for the answer does not begin with https:// or has characters that an address cannot have; http:// is \
         for the loopback alone"
    )]
    Reply,
    /// It ends before it begins, or lives longer than its kind may.
    #[error("the request ends before it is made, or more than 5 minutes (on a sign, 400 days) after")]
    Life,
}

impl RequestError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Message(_) => "request_signature",
            Self::Form(_) => "request_form",
            Self::Venue => "request_venue",
            Self::Scenario => "request_scenario",
            Self::Approval => "request_approval",
            Self::Purpose => "request_purpose",
            Self::UnknownClaim { .. } => "request_unknown_claim",
            Self::ClaimOrder => "request_claim_order",
            Self::NothingRequired => "request_nothing_required",
            Self::Reply => "request_reply",
            Self::Life => "request_life",
        }
    }
}

impl From<ClaimSetError> for RequestError {
    fn from(error: ClaimSetError) -> Self {
        match error {
            ClaimSetError::Form(form) => Self::Form(form),
            ClaimSetError::Unknown { label } => Self::UnknownClaim { label },
            ClaimSetError::Order => Self::ClaimOrder,
        }
    }
}

/// Why a request does not count at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestTimeError {
    /// Its end has come.
    #[error("the request has ended; ask the desk for a new one")]
    Ended,
    /// It was made in the future: one of the two clocks is wrong.
    #[error("the request was made in the future; compare the clocks of phone and desk")]
    FromFuture,
}

impl RequestTimeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ended => "request_ended",
            Self::FromFuture => "request_from_future",
        }
    }
}

impl VenueRequest {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> RequestId {
        RequestId(sha256(&self.encode()))
    }

    /// The audience that an answer names: `urn:baypass:venue:` and the venue's id.
    #[must_use]
    pub fn audience(&self) -> String {
        format!("urn:baypass:venue:{}", self.venue)
    }

    /// All claims that it asks for.
    #[must_use]
    pub fn asked(&self) -> ClaimSet {
        self.required.union(&self.optional)
    }

    /// Checks it against the wallet's clock.
    ///
    /// # Errors
    /// [`RequestTimeError`] where it has ended or comes from the future.
    pub fn check_time(&self, now: Timestamp) -> Result<(), RequestTimeError> {
        if now >= self.ends {
            Err(RequestTimeError::Ended)
        } else if self.made.seconds_since(now) > REQUEST_AHEAD_SECONDS {
            Err(RequestTimeError::FromFuture)
        } else {
            Ok(())
        }
    }

    /// Signs it with the desk's key.
    ///
    /// # Errors
    /// [`RequestError`] for a request that a wallet would refuse by its form: it is never signed.
    pub fn sign(&self, kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, RequestError> {
        let payload = self.encode();
        Self::decode(&payload)?;
        Ok(message::sign(Kind::VenueRequest, kid, key, &payload)?)
    }

    /// The request as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(512);
        w.array(12).text(self.venue.as_str()).text(self.scenario.as_str());
        w.text(&self.approval).text(&self.purpose);
        self.required.write(&mut w);
        self.optional.write(&mut w);
        w.uint(u64::from(self.retention_days)).bool(self.face);
        match &self.exchange {
            Exchange::Once(nonce) => w.bytes(nonce),
            Exchange::Standing => w.null(),
        };
        match &self.reply {
            Some(address) => w.text(address),
            None => w.null(),
        };
        w.uint(self.made.unix().unsigned_abs()).uint(self.ends.unix().unsigned_abs());
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`RequestError`] for the first fault.
    pub fn decode(payload: &[u8]) -> Result<Self, RequestError> {
        let mut r = Reader::new(payload);
        r.array_exact(12)?;
        let request = Self {
            venue: r.text(64)?.parse().map_err(|_| RequestError::Venue)?,
            scenario: read_scenario(&mut r)?,
            approval: plain(r.text(MAX_APPROVAL_LEN)?).ok_or(RequestError::Approval)?,
            purpose: plain(r.text(MAX_PURPOSE_LEN)?).ok_or(RequestError::Purpose)?,
            required: ClaimSet::read(&mut r)?,
            optional: ClaimSet::read(&mut r)?,
            retention_days: u16::try_from(r.uint()?).map_err(|_| CborError::Limit)?,
            face: r.bool()?,
            exchange: if r.null_here()? { Exchange::Standing } else { Exchange::Once(*r.bytes_exact()?) },
            reply: if r.null_here()? { None } else { Some(read_reply(&mut r)?) },
            made: read_time(&mut r)?,
            ends: read_time(&mut r)?,
        };
        r.finish()?;
        request.hold_to_its_form()
    }

    fn hold_to_its_form(self) -> Result<Self, RequestError> {
        if self.required.is_empty() {
            return Err(RequestError::NothingRequired);
        }
        if !self.required.is_disjoint(&self.optional) {
            return Err(RequestError::ClaimOrder);
        }
        let longest = match self.exchange {
            Exchange::Once(_) => MAX_REQUEST_SECONDS,
            Exchange::Standing => MAX_SIGN_SECONDS,
        };
        if !(1..=longest).contains(&self.ends.seconds_since(self.made)) {
            return Err(RequestError::Life);
        }
        Ok(self)
    }
}

fn read_scenario(r: &mut Reader<'_>) -> Result<Scenario, RequestError> {
    let scenario: Scenario = r.text(32)?.parse().map_err(|_| RequestError::Scenario)?;
    if scenario.is_at_venue() { Ok(scenario) } else { Err(RequestError::Scenario) }
}

fn plain(text: &str) -> Option<String> {
    let shown = !text.trim().is_empty() && !text.chars().any(char::is_control);
    shown.then(|| text.to_owned())
}

fn read_reply(r: &mut Reader<'_>) -> Result<String, RequestError> {
    let address = r.text(MAX_REPLY_LEN)?;
    let (scheme, rest) = address.split_once("://").ok_or(RequestError::Reply)?;
    // RFC 3986, 3.2 and 3.3: a host is there, and no user before it, which a reader could take for the host.
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let protected = match scheme {
        "https" => !authority.is_empty(),
        "http" => is_loopback(authority),
        _ => false,
    };
    let printable = address.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\'));
    if !protected || authority.contains('@') || !printable {
        return Err(RequestError::Reply);
    }
    Ok(address.to_owned())
}

/// Whether host and port name this machine: what is sent there crosses no network (trials, and a desk beside its wallet).
fn is_loopback(authority: &str) -> bool {
    let host = ["127.0.0.1", "localhost"].into_iter().find_map(|host| authority.strip_prefix(host));
    let port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    host.is_some_and(|rest| rest.is_empty() || rest.strip_prefix(':').is_some_and(port))
}

/// A request as it was received; nothing about it is trusted yet.
#[derive(Debug, Clone)]
pub struct UnverifiedRequest<'b> {
    bytes: &'b [u8],
    kid: &'b [u8],
    request: VenueRequest,
}

impl<'b> UnverifiedRequest<'b> {
    /// Parses the bytes of a signed request; no signature is checked.
    ///
    /// # Errors
    /// [`RequestError`] for the first fault.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, RequestError> {
        let request = VenueRequest::decode(message::unverified_payload(bytes)?)?;
        Ok(Self { bytes, kid: message::kid(bytes)?, request })
    }

    /// The key id that it names.
    #[must_use]
    pub const fn kid(&self) -> &'b [u8] {
        self.kid
    }

    /// What it says, not trusted yet: enough to look up the desk's key.
    #[must_use]
    pub const fn claimed(&self) -> &VenueRequest {
        &self.request
    }

    /// Verifies the desk's signature; `key` is the one that a trust list names for this kid, role and venue.
    ///
    /// # Errors
    /// [`RequestError::Message`] where the signature is not valid.
    pub fn verify(self, key: &VerifyingKey) -> Result<VenueRequest, RequestError> {
        message::open(Kind::VenueRequest, self.bytes, key)?;
        Ok(self.request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::ClaimName;

    fn request() -> VenueRequest {
        let made = Timestamp::from_unix(1_800_000_000).unwrap();
        VenueRequest {
            venue: "harbour-hotel".parse().unwrap(),
            scenario: Scenario::HotelCheckIn,
            approval: "hotel-zhuhai-1".to_owned(),
            purpose: "guest-register".to_owned(),
            required: [ClaimName::Name, ClaimName::DocumentNumber].into_iter().collect(),
            optional: [ClaimName::BirthDate].into_iter().collect(),
            retention_days: 30,
            face: false,
            exchange: Exchange::Once([7; 16]),
            reply: None,
            made,
            ends: made.plus_seconds(300),
        }
    }

    fn with(change: impl FnOnce(&mut VenueRequest)) -> VenueRequest {
        let mut request = request();
        change(&mut request);
        request
    }

    #[test]
    fn a_request_comes_back_from_the_desk_that_signed_it_and_from_no_other() {
        let desk = SigningKey::generate().unwrap();
        let key = VerifyingKey::new(*desk.public()).unwrap();
        let stranger = VerifyingKey::new(*SigningKey::generate().unwrap().public()).unwrap();
        let sign = with(|r| {
            r.exchange = Exchange::Standing;
            r.ends = r.made.plus_seconds(MAX_SIGN_SECONDS);
            r.reply = Some("https://desk.example:8443/answers?x=1".to_owned());
        });
        let here = |address: &str| with(|r| r.reply = Some(address.to_owned()));
        let on_the_loopback =
            ["http://127.0.0.1:7161/v1/answers", "http://localhost/", "http://localhost?x"].map(here);
        for request in [request(), sign].into_iter().chain(on_the_loopback) {
            let bytes = request.sign(b"desk-1", &desk).unwrap();
            let parsed = UnverifiedRequest::parse(&bytes).unwrap();
            assert_eq!((parsed.kid(), parsed.claimed()), (b"desk-1".as_slice(), &request));
            assert_eq!(parsed.clone().verify(&stranger).unwrap_err().code(), "request_signature");
            assert_eq!(parsed.verify(&key).unwrap().id(), request.id());
            let receipt = message::sign(Kind::VenueReceipt, b"desk-1", &desk, &request.encode()).unwrap();
            let parsed = UnverifiedRequest::parse(&receipt).unwrap();
            assert_eq!(parsed.verify(&key).unwrap_err().code(), "request_signature");
        }
    }

    #[test]
    fn a_request_is_refused_and_never_signed_for_the_first_thing_wrong_with_it() {
        use RequestError::*;
        let desk = SigningKey::generate().unwrap();
        let long = format!("https://desk.example/{}", "a".repeat(MAX_REPLY_LEN));
        let reply = |address: &str| with(|r| r.reply = Some(address.to_owned()));
        for (request, expected) in [
            (with(|r| r.scenario = documents::Scenario::BorderCrossing), Scenario),
            (with(|r| r.approval.clear()), Approval),
            (with(|r| r.approval = "a\u{7}b".to_owned()), Approval),
            (with(|r| r.approval = "a".repeat(65)), Form(CborError::Limit)),
            (with(|r| r.purpose = "  ".to_owned()), Purpose),
            (with(|r| r.purpose = "guest\nregister".to_owned()), Purpose),
            (with(|r| r.purpose = "p".repeat(MAX_PURPOSE_LEN + 1)), Form(CborError::Limit)),
            (with(|r| r.required = ClaimSet::default()), NothingRequired),
            (with(|r| r.optional = r.required.clone()), ClaimOrder),
            (reply("http://desk.example/"), Reply),
            (reply("http://127.0.0.1.desk.example/"), Reply),
            (reply("http://127.0.0.1@desk.example/"), Reply),
            (reply("http://localhost:80@desk.example/"), Reply),
            (reply("http://localhost:/"), Reply),
            (reply("http://"), Reply),
            (reply("ftp://localhost/"), Reply),
            (reply("localhost/answers"), Reply),
            (reply("https://"), Reply),
            (reply("https:///answers"), Reply),
            (reply("https://harbour-hotel@other.example/"), Reply),
            (reply("https://desk.example/a b"), Reply),
            (reply("https://desk.example\\@other.example/"), Reply),
            (reply("https://dešk.example/"), Reply),
            (reply(&long), Form(CborError::Limit)),
            (with(|r| r.ends = r.made), Life),
            (with(|r| r.ends = r.made.plus_seconds(-1)), Life),
            (with(|r| r.ends = r.made.plus_seconds(301)), Life),
            (
                with(|r| {
                    r.exchange = Exchange::Standing;
                    r.ends = r.made.plus_seconds(MAX_SIGN_SECONDS + 1);
                }),
                Life,
            ),
        ] {
            assert_eq!(VenueRequest::decode(&request.encode()), Err(expected.clone()));
            assert_eq!(request.sign(b"desk-1", &desk), Err(expected));
        }
    }

    /// The payload with the first place of `from` changed to `to`.
    fn changed(from: &[u8], to: &[u8]) -> Vec<u8> {
        let payload = request().encode();
        let at = payload.windows(from.len()).position(|w| w == from).unwrap();
        [&payload[..at], to, &payload[at + from.len()..]].concat()
    }

    #[test]
    fn a_payload_that_no_desk_of_ours_writes_is_refused() {
        use RequestError::*;
        let (number, name) = ([0x3a, 0, 1, 0, 0x45], [0x3a, 0, 1, 0, 0x40]);
        let both = [number, name].concat();
        for (payload, expected) in [
            (changed(b"\x6dharbour-hotel", b"\x6dharbour_hotel"), Venue),
            (changed(b"hotel-check-in", b"hotel-checkout"), Scenario),
            (changed(&number, &[0x3a, 0, 1, 0, 0xff]), UnknownClaim { label: -65_792 }),
            (changed(&both, &[name, number].concat()), ClaimOrder),
            (changed(&both, &[name, name].concat()), ClaimOrder),
            (changed(&[0x18, 30, 0xf4], &[0x1a, 0, 1, 0, 0, 0xf4]), Form(CborError::Limit)),
            (changed(&[0x18, 30, 0xf4], &[0x19, 0, 30, 0xf4]), Form(CborError::NotDeterministic)),
            (changed(&[0x18, 30, 0xf4], &[0x18, 30, 0]), Form(CborError::Unexpected)),
            (changed(&[0x50, 7], &[0x4f]), Form(CborError::Unexpected)),
            ([request().encode(), vec![0]].concat(), Form(CborError::Trailing)),
            (changed(&[0x8c], &[0x8b]), Form(CborError::Unexpected)),
        ] {
            assert_eq!(VenueRequest::decode(&payload), Err(expected));
        }
        let whole = request().encode();
        for end in 0..whole.len() {
            assert!(VenueRequest::decode(&whole[..end]).is_err(), "cut after {end} bytes");
        }
    }

    #[test]
    fn a_request_counts_from_ten_seconds_before_it_is_made_until_it_ends() {
        for (after, expected) in [
            (-11, Err(RequestTimeError::FromFuture)),
            (-10, Ok(())),
            (299, Ok(())),
            (300, Err(RequestTimeError::Ended)),
        ] {
            assert_eq!(request().check_time(request().made.plus_seconds(after)), expected, "row {after}");
        }
    }

    #[test]
    fn an_id_is_of_everything_that_the_desk_says() {
        let id = request().id();
        for other in [
            with(|r| r.venue = "harbour-hote1".parse().unwrap()),
            with(|r| r.retention_days = 31),
            with(|r| r.face = true),
            with(|r| r.exchange = Exchange::Once([8; 16])),
            with(|r| r.purpose.push('s')),
            with(|r| r.reply = Some("https://desk.example/".to_owned())),
        ] {
            assert_ne!(other.id(), id);
        }
        assert_eq!(id.cnonce(), id.as_bytes()[..16]);
    }
}
