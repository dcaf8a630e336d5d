//! The wire between the gates of one port and the authorities, with a cheat who sits on it: they have every key by which
//! parties know each other's connections, so they read everything, hold back and put in place of it what they saw before. They
//! have no key that signs a message.
//!
//! Lives here: forwarding, and the three things that they try. Not here: what they must get for it (`cheats`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clearance::Envelope;
use credential::PublicKey;
use documents::AuthorityCode;
use tokio::net::TcpListener;
use transport::{Bounds, Identity, Known, Transport, party_client, party_server};
use trust::{Party, Peer};

use super::bay::TAPPED;
use crate::failure::{Failure, of};
use crate::install::Installation;
use crate::install::tls::{self, Use};

/// More than any body on this wire has.
const MOST: usize = 8 * 1024 * 1024;

/// What the cheat does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trick {
    /// Nothing: everything goes through as it came.
    #[default]
    None,
    /// The gate gets the authority's last verdict again, in the place of the one it asked for.
    LastVerdict,
    /// This authority gets the face that was seen before, the other one the face before the camera.
    OtherProbe(AuthorityCode),
    /// The gate gets the first status list that was ever fetched.
    FirstStatus,
    /// The gate gets the trust lists that were fetched first.
    FirstTrust,
    /// No status list comes through any more, to no gate of the port.
    NoStatus,
    /// Each authority gets every envelope twice, and the gate the second answer.
    TwoEnvelopes,
    /// Requests, verdicts and events go on with the other valid signature of the same bytes.
    OtherSignatures,
    /// Events are answered "yes" by the cheat and go no further, until they were sent so often that the gate does not believe
    /// it.
    ForgedYes,
}

/// What they have seen and do.
#[derive(Default)]
struct Seen {
    trick: Trick,
    verdicts: BTreeMap<AuthorityCode, Bytes>,
    probe: Vec<u8>,
    forged: usize,
    lists: BTreeMap<(AuthorityCode, String), Bytes>,
}

/// The wire, in use.
pub struct Wire {
    /// Where the gates reach each authority.
    pub addresses: BTreeMap<AuthorityCode, String>,
    /// The authorities as the cheat reaches them: with the key of the gates' connections.
    reached: BTreeMap<AuthorityCode, (String, reqwest::Client)>,
    seen: Arc<Mutex<Seen>>,
    ends: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.ends.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// One authority's end.
#[derive(Clone)]
struct End {
    authority: AuthorityCode,
    base: String,
    /// As the gates would.
    client: reqwest::Client,
    seen: Arc<Mutex<Seen>>,
}

impl Wire {
    /// No wire to anybody.
    pub fn none() -> Self {
        Self { addresses: BTreeMap::new(), reached: BTreeMap::new(), seen: Arc::default(), ends: Vec::new() }
    }

    /// Lays a wire to these addresses. The cheat is the authority to the gates of [`TAPPED`], and these gates to the authority,
    /// by keys that were taken from both.
    pub async fn lay(
        installation: &Installation,
        to: &BTreeMap<AuthorityCode, String>,
    ) -> Result<Self, Failure> {
        let mut wire = Self::none();
        let gates = Party::Gates(TAPPED.parse().map_err(of)?);
        for (authority, base) in to {
            let listener = TcpListener::bind("127.0.0.1:0").await.map_err(of)?;
            let address = listener.local_addr().map_err(of)?;
            wire.addresses.insert(*authority, format!("https://{address}"));
            let anybody: Known = Arc::new(|_: &PublicKey| {
                Ok(Peer {
                    party: Party::Authority(AuthorityCode::Chn),
                    listed_by: BTreeSet::new(),
                    replaced: false,
                })
            });
            let whoever = *authority;
            let them: Known = Arc::new(move |_: &PublicKey| {
                Ok(Peer { party: Party::Authority(whoever), listed_by: BTreeSet::new(), replaced: false })
            });
            let stolen = |party: &Party| {
                Ok(Identity::new(tls::own_keys(installation, party, Use::Parties)?, |_| true))
            };
            let client = party_client(&stolen(&gates)?, them, *authority).map_err(of)?;
            let server =
                party_server(&stolen(&Party::Authority(*authority))?, Arc::clone(&anybody)).map_err(of)?;
            wire.reached.insert(*authority, (base.clone(), client.clone()));
            let (base, seen) = (base.clone(), Arc::clone(&wire.seen));
            let end = End { authority: *authority, base, client, seen };
            let through = Router::new().fallback(through).with_state(end);
            let bounds = Bounds::of_process(Vec::new());
            let transport = Transport::Parties(server, anybody);
            wire.ends.push(tokio::spawn(transport::serve(
                listener,
                through,
                bounds,
                transport,
                std::future::pending(),
            )));
        }
        Ok(wire)
    }

    /// A message of the cheat's own to an authority, over a connection with the key of the gates' at [`TAPPED`].
    pub fn brings(
        &self,
        to: AuthorityCode,
        path: &str,
        body: Vec<u8>,
    ) -> Result<reqwest::RequestBuilder, Failure> {
        let reached =
            self.reached.get(&to).ok_or_else(|| Failure::new(format!("there is no wire to {to}")))?;
        let post = reached.1.post(format!("{}{path}", reached.0));
        Ok(post.header(header::CONTENT_TYPE, "application/cbor").body(body))
    }

    /// What the cheat does from now on.
    pub fn plays(&self, trick: Trick) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).trick = trick;
    }
}

async fn through(State(end): State<End>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let Ok(mut body) = to_bytes(body, MOST).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let trick = end.trick();
    match (path.as_str(), trick) {
        ("/v1/verdicts", _) => body = end.asked(body),
        ("/v1/events", Trick::OtherSignatures) => body = altered(&body),
        ("/v1/events", Trick::ForgedYes) if end.forges() => return StatusCode::OK.into_response(),
        (status, Trick::NoStatus) if status.starts_with("/v1/status-lists/") => {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        (_, _) => {}
    }
    if trick == Trick::TwoEnvelopes && path == "/v1/verdicts" {
        let first = end.client.request(head.method.clone(), format!("{}{path}", end.base));
        let _ = first.headers(carried(&head.headers)).body(body.clone()).send().await;
    }
    let asked = end.client.request(head.method, format!("{}{path}", end.base));
    let answer = asked.headers(carried(&head.headers)).body(body).send().await;
    let Ok(answer) = answer else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, headers) = (answer.status(), carried(answer.headers()));
    let Ok(mut bytes) = answer.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
    if status.is_success() {
        bytes = end.answered(&path, bytes);
    }
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The headers that are carried on: all but those of one connection (RFC 9110, 7.6.1), and the length, which may change.
fn carried(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        headers.remove(name);
    }
    headers
}

/// The order of P-256 (SEC 2, 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// (r, s) becomes (r, n - s): still a valid signature, in other bytes. Both halves are the last 64 bytes.
pub(super) fn alter_signature(token: &mut [u8]) {
    let at = token.len().saturating_sub(32);
    let mut borrow = 0;
    for (byte, order) in token.get_mut(at..).into_iter().flatten().rev().zip(ORDER.iter().rev()) {
        let difference = i16::from(*order) - i16::from(*byte) - borrow;
        borrow = i16::from(difference < 0);
        *byte = u8::try_from(difference.rem_euclid(256)).unwrap_or(0);
    }
}

/// The same message with its other valid signature, (r, n - s): both halves are the last 64 bytes.
fn altered(message: &[u8]) -> Bytes {
    let mut other = message.to_vec();
    alter_signature(&mut other);
    other.into()
}

impl End {
    /// Whether one more event is answered by the cheat: the first six are.
    fn forges(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forged += 1;
        seen.forged <= 6
    }

    fn trick(&self) -> Trick {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).trick
    }

    fn asked(&self, body: Bytes) -> Bytes {
        let Ok(envelope) = Envelope::decode(&body) else { return body };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.trick == Trick::OtherProbe(self.authority) {
            return Envelope { probe: &seen.probe, ..envelope }.encode().into();
        }
        if seen.trick == Trick::OtherSignatures {
            let request = altered(envelope.request);
            return Envelope { request: &request, ..envelope }.encode().into();
        }
        if seen.trick == Trick::None {
            seen.probe = envelope.probe.to_vec();
        }
        body
    }

    fn answered(&self, path: &str, bytes: Bytes) -> Bytes {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let trick = seen.trick;
        if path == "/v1/verdicts" {
            if trick == Trick::OtherSignatures {
                return altered(&bytes);
            }
            let last = seen.verdicts.insert(self.authority, bytes.clone());
            return last.filter(|_| trick == Trick::LastVerdict).unwrap_or(bytes);
        }
        let old = if path == "/v1/trust-lists" { Trick::FirstTrust } else { Trick::FirstStatus };
        if path == "/v1/trust-lists" || path.starts_with("/v1/status-lists/") {
            let first = seen.lists.entry((self.authority, path.to_owned())).or_insert_with(|| bytes.clone());
            return if trick == old { first.clone() } else { bytes };
        }
        bytes
    }
}
