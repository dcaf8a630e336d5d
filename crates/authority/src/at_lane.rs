//! At a lane: whom the verdicts of the last minutes were about, for this authority's own officer who stands beside them.
//!
//! Lives here: [`AtLanes`], which is memory alone and forgets by itself, and the look at it. Not here: who may look and that it is
//! written down (`http::officers`), the live face (the gate's). A gate never learns any of this (docs/officers.md).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credential::message::Request;
use credential::part::HolderIdentity;
use documents::{Direction, DocumentKind, DocumentNumber, PortId, Timestamp, redact_debug};
use trust::Approval;

use crate::faces::FaceCheckError;
use crate::inference::PoolError;
use crate::service::Service;
use crate::store::person::PersonKind;
use crate::store::vault::PersonKey;
use crate::store::{StoreError, Tx, person, registry};
use crate::verdict::{Evidence, Opened};

/// How long an officer may see whom a verdict was about, in seconds from the verdict on: measures are open for a minute at most, and
/// whoever was sent to the officer stands there for some minutes more.
pub const SEEN_SECONDS: i64 = 600;
/// Most verdicts that are remembered; the oldest goes first.
const MAX_SEEN: usize = 65_536;
/// Longest portrait, in bytes of JPEG.
const MAX_PORTRAIT_LEN: usize = 64 * 1024;
/// Characters of a document's number that an officer sees: enough to find the card in a hand.
const LAST_CHARACTERS: usize = 4;

/// Whom a verdict was about, as far as its memory must hold it: the rest stands in the registry.
#[derive(Clone)]
pub(crate) struct Standing {
    lane: String,
    port: PortId,
    direction: Direction,
    person: PersonKey,
    number: DocumentNumber,
    /// The name that a sealed part carries; the registry has that of its own people.
    name: Option<SeenName>,
}
redact_debug!(Standing);

/// A name as the document prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenName {
    /// In Latin letters; `None` where the document has none.
    pub latin: Option<String>,
    /// In Chinese characters; `None` where the document has none.
    pub chinese: Option<String>,
}
redact_debug!(SeenName);

/// What an officer sees of whoever stands at their lane.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenHolder {
    /// The registry's portrait, cut as for a document, JPEG of at most 64 KiB; `None` where this authority holds none.
    pub portrait: Option<Vec<u8>>,
    /// Their name; `None` where this authority has it from nowhere.
    pub name: Option<SeenName>,
    /// The kind of the document on which the verdict rests.
    pub document: DocumentKind,
    /// The last four characters of its number.
    pub last4: String,
}
redact_debug!(SeenHolder);

/// Why an officer does not see whom a verdict was about.
#[derive(Debug, thiserror::Error)]
pub enum SeeHolderError {
    /// The reference is none of this lane's last minutes.
    #[error(
        "no verdict of the last ten minutes at this lane has this reference, or nobody was found behind it"
    )]
    NobodyThere,
    /// The approval in force says no.
    #[error("the approval in force at this lane does not let officers see portrait and name")]
    NotApproved,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The portrait could not be made.
    #[error(transparent)]
    Face(#[from] FaceCheckError),
}

impl From<PoolError> for SeeHolderError {
    fn from(error: PoolError) -> Self {
        FaceCheckError::from(error).into()
    }
}

/// Who stands at lanes, or stood there minutes ago, by the reference of the verdict. It lies in no file.
#[derive(Default)]
pub(crate) struct AtLanes(Mutex<Seen>);
redact_debug!(AtLanes);

#[derive(Default)]
struct Seen {
    by_reference: HashMap<[u8; 16], (Timestamp, Standing)>,
    /// The oldest first.
    order: VecDeque<(Timestamp, [u8; 16])>,
}

impl Seen {
    fn forget(&mut self, now: Timestamp, most: usize) {
        while let Some((at, reference)) = self.order.front().copied() {
            if self.order.len() <= most && is_fresh(at, now) {
                return;
            }
            self.order.pop_front();
            self.by_reference.remove(&reference);
        }
    }
}

/// Whether a verdict of that moment is still shown. One of the future is not: the clock went back.
fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    (0..SEEN_SECONDS).contains(&now.seconds_since(at))
}

impl AtLanes {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers whom a verdict was about, for some minutes.
    pub(crate) fn remember(&self, reference: [u8; 16], standing: Standing, now: Timestamp) {
        let mut seen = self.lock();
        seen.forget(now, MAX_SEEN - 1);
        seen.order.push_back((now, reference));
        seen.by_reference.insert(reference, (now, standing));
    }

    /// Forgets whoever stood there too long ago.
    pub(crate) fn forget_old(&self, now: Timestamp) {
        self.lock().forget(now, MAX_SEEN);
    }

    fn find(&self, reference: &[u8; 16], lane: &str, now: Timestamp) -> Option<Standing> {
        let mut seen = self.lock();
        seen.forget(now, MAX_SEEN);
        let (_, standing) = seen.by_reference.get(reference)?;
        (standing.lane == lane).then(|| standing.clone())
    }
}

/// The last characters of a number as its card prints it.
fn last_characters(number: &DocumentNumber) -> String {
    let key = number.match_key();
    let from = key.char_indices().rev().nth(LAST_CHARACTERS - 1).map_or(0, |(at, _)| at);
    key.get(from..).unwrap_or_default().to_owned()
}

fn name_of(latin: &str, chinese: &str) -> Option<SeenName> {
    let filled = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
    let name = SeenName { latin: filled(latin), chinese: filled(chinese) };
    (name.latin.is_some() || name.chinese.is_some()).then_some(name)
}

impl Service {
    /// What is remembered of whoever a verdict is about; `None` where this authority knows nobody behind what was shown.
    pub(crate) async fn standing(
        &self,
        tx: &mut Tx,
        request: &Request,
        opened: &Opened,
        found: Option<PersonKey>,
    ) -> Result<Option<Standing>, StoreError> {
        let person = match found {
            Some(key) => Some(key),
            // Refused before anybody looked for the person: the number may be known all the same.
            None => person::find_tag(tx, self.store.vault().number_tag(&opened.number)).await?,
        };
        let name = match &opened.evidence {
            Evidence::Part(contents) => match &contents.identity {
                HolderIdentity::Sealed { latin_name, chinese_name, .. } => {
                    name_of(latin_name.as_str(), chinese_name.as_str())
                }
                HolderIdentity::Own { .. } => None,
            },
            Evidence::Page(_) => None,
        };
        Ok(person.map(|person| Standing {
            lane: request.gate.clone(),
            port: request.port.clone(),
            direction: request.direction,
            person,
            number: opened.number.clone(),
            name,
        }))
    }

    /// What the own officer at `lane` sees of the person whom the verdict under `reference` is about: while it is open, and for
    /// some minutes after. The approval in force at this moment must allow it.
    ///
    /// # Errors
    /// [`SeeHolderError`]: why they see nothing.
    pub async fn see_holder(
        &self,
        reference: &[u8; 16],
        lane: &str,
        now: Timestamp,
    ) -> Result<SeenHolder, SeeHolderError> {
        let standing = self.at_lanes.find(reference, lane, now).ok_or(SeeHolderError::NobodyThere)?;
        let Standing { port, direction, person, number, name, .. } = standing;
        let shown =
            self.approvals().covering(&port, direction, now).is_ok_and(Approval::shows_officers_the_holder);
        if !shown {
            return Err(SeeHolderError::NotApproved);
        }
        let mut tx = self.store.read().await?;
        // Whoever was erased meanwhile is seen by nobody.
        let person = person::find_person(&mut tx, self.store.vault(), person).await?;
        let person =
            person.filter(|found| found.kind != PersonKind::Erased).ok_or(SeeHolderError::NobodyThere)?;
        let resident = person::find_resident(&mut tx, &person).await?;
        let photograph = registry::find_photograph(&mut tx, &person).await?;
        tx.commit().await?;
        let portrait = match photograph {
            None => None,
            Some(photograph) => {
                let faces = Arc::clone(&self.faces);
                self.pools.pictures.run(move || faces.portrait(&photograph, MAX_PORTRAIT_LEN)).await??
            }
        };
        let registered =
            resident.and_then(|found| name_of(&found.name, found.name_zh.as_deref().unwrap_or_default()));
        Ok(SeenHolder {
            portrait,
            name: registered.or(name),
            document: number.kind(),
            last4: last_characters(&number),
        })
    }
}

#[cfg(test)]
mod tests {
    use documents::AuthorityCode;

    use super::*;

    fn standing(lane: &str) -> Standing {
        Standing {
            lane: lane.to_owned(),
            port: "hengqin".parse().unwrap(),
            direction: Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap(),
            person: PersonKey::from_bytes([7; 16]),
            number: DocumentNumber::parse(DocumentKind::HomeReturnPermit, "M87654320").unwrap(),
            name: None,
        }
    }

    #[test]
    fn whoever_stands_at_a_lane_is_found_there_alone_and_forgotten_after_ten_minutes() {
        let start: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        let seen = AtLanes::default();
        seen.remember([1; 16], standing("hengqin/MAC-CHN"), start);
        for (reference, lane, after, found) in [
            ([1; 16], "hengqin/MAC-CHN", 0, true),
            ([1; 16], "hengqin/CHN-MAC", 0, false),
            ([2; 16], "hengqin/MAC-CHN", 0, false),
            ([1; 16], "hengqin/MAC-CHN", SEEN_SECONDS - 1, true),
            ([1; 16], "hengqin/MAC-CHN", SEEN_SECONDS, false),
            // Forgotten is forgotten: a clock that goes back brings nobody back.
            ([1; 16], "hengqin/MAC-CHN", 0, false),
        ] {
            let got = seen.find(&reference, lane, start.plus_seconds(after));
            assert_eq!(got.is_some(), found, "row {lane} {after}");
        }
    }

    #[test]
    fn a_full_memory_forgets_the_oldest() {
        let now: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        let seen = AtLanes::default();
        let mut reference = [0; 16];
        for number in 0..=u32::try_from(MAX_SEEN).unwrap() {
            reference[..4].copy_from_slice(&number.to_be_bytes());
            seen.remember(reference, standing("a/b"), now);
        }
        assert!(seen.find(&[0; 16], "a/b", now).is_none());
        assert!(seen.find(&reference, "a/b", now).is_some());
        assert_eq!(seen.lock().by_reference.len(), MAX_SEEN);
    }

    #[test]
    fn an_officer_sees_the_end_of_a_number_and_no_debug_output_shows_any_of_it() {
        let standing = standing("a/b");
        assert_eq!(last_characters(&standing.number), "4320");
        assert_eq!(format!("{standing:?}"), "Standing(redacted)");
        let holder = SeenHolder {
            portrait: None,
            name: name_of("LEONG MEI", ""),
            document: standing.number.kind(),
            last4: "4320".to_owned(),
        };
        assert!(!format!("{holder:?} {:?}", holder.name).contains("LEONG"));
        assert_eq!(name_of(" ", ""), None);
    }
}
