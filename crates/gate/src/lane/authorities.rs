//! Authorities: one request to one authority, and its verdict once signature, key and role are proven.

use std::future::Future;

use clearance::{Answer, Digest, Measures, ReservationId, Verdict};
use credential::message::{self, Kind, Outcome};
use documents::{AuthorityCode, Side, Timestamp};

use super::time::LaneTime;
use crate::check::Trusted;
use crate::outbox::AuthorityLink;
use crate::reason::GateReason;

/// A verdict, and the reference under which its authority keeps the reason.
pub(super) type Signed = (Verdict, [u8; 16]);

/// Asks the authorities of a lane.
pub(super) trait Authorities: Sync {
    /// Sends a request; gives the verdict.
    ///
    /// # Errors
    /// Why there is none.
    fn ask(
        &self,
        side: Side,
        authority: AuthorityCode,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<Signed, GateReason>> + Send;
}

/// The authorities behind a link. How long they may take is the clearance's matter, not the link's.
pub(super) struct Linked<'a, L> {
    pub(super) link: &'a L,
    pub(super) trusted: &'a dyn Trusted,
    pub(super) time: &'a LaneTime<'a>,
}

impl<L: AuthorityLink> Authorities for Linked<'_, L> {
    async fn ask(&self, side: Side, authority: AuthorityCode, body: Vec<u8>) -> Result<Signed, GateReason> {
        let bytes = self.link.verdict(authority, body).await.map_err(|error| {
            tracing::warn!(%authority, %error, "no verdict");
            GateReason::AuthoritySilent
        })?;
        open_verdict(&bytes, side, authority, self.trusted, self.time.now())
    }
}

/// Reads a signed verdict with the key that the trust list names for this authority and this role.
///
/// # Errors
/// Why it is no verdict of this authority. Whether it answers the request, the clearance judges.
pub fn open_verdict(
    bytes: &[u8],
    side: Side,
    authority: AuthorityCode,
    trusted: &(impl Trusted + ?Sized),
    now: Timestamp,
) -> Result<(Verdict, [u8; 16]), GateReason> {
    let kid = message::kid(bytes).map_err(|_| GateReason::VerdictMalformed)?;
    let key = trusted.verdict_key(authority, kid, now).map_err(|_| GateReason::VerdictKey)?;
    let payload = message::open(Kind::Verdict, bytes, key).map_err(|_| GateReason::VerdictSignature)?;
    let read = message::Verdict::decode(payload).map_err(|_| GateReason::VerdictMalformed)?;
    let answer = match read.outcome {
        Outcome::Admit => {
            let held = read.reservation.ok_or(GateReason::VerdictMalformed)?;
            Answer::Admit { reservation: ReservationId::from_bytes(held) }
        }
        Outcome::Verify(numbers) => {
            let measures = Measures::from_numbers(&numbers).ok_or(GateReason::VerdictMalformed)?;
            Answer::Verify { measures }
        }
        Outcome::Refer => Answer::Refer,
        Outcome::Busy => Answer::Busy,
        Outcome::NotOpenToHolder(open) => Answer::NotOpenToHolder { open },
    };
    if read.authority != authority {
        return Err(GateReason::VerdictAuthority);
    }
    let verdict = Verdict {
        authority: read.authority,
        side,
        request: Digest::from_bytes(read.request),
        answer,
        valid_until: read.valid_until,
        hash: Digest::from_bytes(message::payload_hash(payload)),
    };
    Ok((verdict, read.reference))
}
