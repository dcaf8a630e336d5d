//! Transport: connections between parties and from strangers: TLS 1.3 by keys of the trust lists, bounded listeners, streams.
//!
//! Lives here: certificates and lists of revoked ones, both ends of a handshake, who is at the other end, the loop that accepts, which addresses may be
//! used, another machine's bounded answer; what every service's description and first page have ([`description`], [`index`]). Not here: what is said over a connection (`authority`, `gate`, `venue`), where keys and
//! certificates lie (`baypass`).

mod address;
mod certificate;
pub mod description;
mod fetch;
mod identity;
pub mod index;
mod issuer_root;
mod listen;
mod look;
mod stream;
mod tls;

pub use address::{AddressError, base_address, is_loopback_host};
pub use certificate::{Ca, Certificate, CertificateError, Days};
pub use fetch::{BodyError, approvals, bounded_body, trust_lists};
pub use identity::{Identity, IdentityError, OwnKey};
pub use issuer_root::{IssuerAddresses, IssuerRoot, RevocationList, Revoked, SignerUse};
pub use listen::{Bounds, Transport, serve};
pub use look::{escaped, page};
pub use stream::StreamClient;
pub use tls::{Known, TlsError, party_client, party_server, public_server};
