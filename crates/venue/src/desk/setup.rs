//! Setup: what a desk is, and the requests that follow from it.
//!
//! Lives here: [`DeskSetup`]. Not here: who signs a request (`ask`). A desk that serves and one that only prints a code ask alike.

use credential::venue::{ClaimSet, Exchange, MAX_REQUEST_SECONDS, VenueRequest};
use documents::{AuthorityCode, Scenario, Timestamp, VenueId};
use trust::{Approvals, DeskRefusal, VenueKind};

/// What a desk is, and what it asks. The most that it may ask stands in its approval.
#[derive(Debug, Clone)]
pub struct DeskSetup {
    /// What people call the venue, in Latin letters.
    pub name: String,
    /// The same in Chinese.
    pub name_zh: String,
    /// The authority whose trust list names the desk's key.
    pub authority: AuthorityCode,
    /// The venue.
    pub venue: VenueId,
    /// Its kind.
    pub kind: VenueKind,
    /// What the pass is shown for.
    pub scenario: Scenario,
    /// Id of the approval under which it asks.
    pub approval: String,
    /// Why it asks, in a word of the approval.
    pub purpose: String,
    /// The claims without which it does not serve by pass.
    pub required: ClaimSet,
    /// The claims to which the traveller may say no.
    pub optional: ClaimSet,
    /// How long it keeps what it writes down, in days.
    pub retention_days: u16,
    /// Whether a face is compared at the desk.
    pub face: bool,
}

impl DeskSetup {
    /// Holds what the desk asks to the approval that it names.
    ///
    /// # Errors
    /// [`DeskRefusal`]: the first reason.
    pub fn approved(&self, approvals: &Approvals, now: Timestamp) -> Result<(), DeskRefusal> {
        let asked = self.asking(Exchange::Standing, None, (now, now));
        approvals.covers_request(self.authority, &asked, now).map(drop)
    }

    /// A request for one answer. `reply` is the desk's HTTPS address for answers; without one the answer is shown to its camera.
    #[must_use]
    pub fn for_one(&self, nonce: [u8; 16], reply: Option<&str>, now: Timestamp) -> VenueRequest {
        self.asking(Exchange::Once(nonce), reply, (now, now.plus_seconds(MAX_REQUEST_SECONDS)))
    }

    /// The request of a sign for so many days, from the midnight before `now`: the same all day long.
    #[must_use]
    pub fn for_a_sign(&self, days: u16, reply: Option<&str>, now: Timestamp) -> VenueRequest {
        let made = now.local_date().start();
        self.asking(Exchange::Standing, reply, (made, made.plus_seconds(i64::from(days) * 86_400)))
    }

    pub(super) fn asking(
        &self,
        exchange: Exchange,
        reply: Option<&str>,
        (made, ends): (Timestamp, Timestamp),
    ) -> VenueRequest {
        VenueRequest {
            venue: self.venue.clone(),
            scenario: self.scenario,
            approval: self.approval.clone(),
            purpose: self.purpose.clone(),
            required: self.required.clone(),
            optional: self.optional.clone(),
            retention_days: self.retention_days,
            face: self.face,
            exchange,
            reply: reply.map(str::to_owned),
            made,
            ends,
        }
    }
}
