//! The wallet before a reader who stands there (`docs/proximity.md`): what of its mdocs answers a request, and the answer.
//!
//! Lives here: the choice among credentials of other systems, and the count of who saw which copy. Not here: the session (`openid4vc`), the
//! connection and what the traveller reads (`command::wallet`).

use documents::Timestamp;
use openid4vc::mdoc::{Held, SessionTranscript};
use openid4vc::proximity::{Chosen, DeviceRequest, HeldMdoc};

use super::Wallet;
use super::openid::HeldForeign;
use crate::failure::{Failure, of};

/// One document that would be shown.
pub struct Showing {
    /// Its place in the wallet.
    pub place: usize,
    /// Its issuer.
    pub issuer: String,
    /// Its type.
    pub doc_type: String,
    /// Names of elements.
    pub names: Vec<String>,
}

/// What a reader asks, and what of this wallet would answer.
pub struct InPerson {
    chosen: Vec<Chosen>,
    /// The mdocs, each with its place in the wallet.
    held: Vec<(usize, HeldForeign)>,
    /// What would be shown.
    pub shows: Vec<Showing>,
}

impl InPerson {
    /// Whether the same would be shown, of whichever copy.
    pub fn is_as(&self, other: &Self) -> bool {
        let same = |(one, other): (&Showing, &Showing)| {
            (&one.issuer, &one.doc_type, &one.names) == (&other.issuer, &other.doc_type, &other.names)
        };
        self.shows.len() == other.shows.len() && self.shows.iter().zip(&other.shows).all(same)
    }

    /// The response in the session of this transcript.
    ///
    /// # Errors
    /// The crypto library failed.
    pub fn response(
        &self,
        request: &DeviceRequest,
        transcript: &SessionTranscript,
    ) -> Result<Vec<u8>, Failure> {
        let held: Vec<HeldMdoc<'_>> = self.held.iter().filter_map(|(_, held)| held.as_mdoc()).collect();
        request.respond(&self.chosen, &held, transcript).map_err(of)
    }
}

impl Wallet {
    /// What would answer a request: of each mdoc the copy that was shown least, without the elements that are declined.
    pub fn in_person(&self, request: &DeviceRequest, declined: &[String], now: Timestamp) -> InPerson {
        let mut held = self.freshest(now);
        held.retain(|(_, one)| one.as_mdoc().is_some());
        let mdocs: Vec<&Held> = held.iter().filter_map(|(_, one)| Some(one.as_mdoc()?.credential)).collect();
        let chosen = request.select(&mdocs, |_, name| !declined.iter().any(|declined| declined == name));
        let shows = chosen.iter().filter_map(|one| {
            let place = held.get(one.place)?.0;
            let issuer = self.foreign().get(place)?.issuer.clone();
            let names = one.elements.iter().map(|(_, name)| name.clone()).collect();
            Some(Showing { place, issuer, doc_type: one.doc_type.clone(), names })
        });
        let shows = shows.collect();
        InPerson { chosen, held, shows }
    }
}
