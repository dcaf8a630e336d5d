//! Hand-over: the codes by which passes go to other devices of their holders, while they wait.
//!
//! Lives here: [`HandOvers`], bounded and in memory. Not here: what becomes of a pass (`enrolment::hand_over`).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use credential::dpop::DpopThumbprint;
use documents::{Timestamp, redact_debug};

use crate::store::vault::PersonKey;

/// A code counts for so long; whoever took it may ask again for so long, for an answer that was lost.
pub const HAND_OVER_SECONDS: i64 = 600;
/// Largest parcel, in bytes: what a wallet keeps in words, sealed.
pub const PARCEL_LEN: usize = 48 * 1024;
/// Most that wait at once; beyond it the one that ends first is forgotten. With their parcels they take 48 MiB at most.
const MOST: usize = 1024;

/// A code that waits.
pub(crate) struct HandOverOffer {
    key: PersonKey,
    /// The hash of the secret of the wallet that offered.
    from: [u8; 32],
    until: Timestamp,
    parcel: Vec<u8>,
    /// Who took it, and the hash of the secret that it was given last.
    taken: Option<(DpopThumbprint, [u8; 32])>,
}
redact_debug!(HandOverOffer);

impl HandOverOffer {
    /// What the wallet whose secret has the hash `from` offers of this person, until then; `parcel` goes along unread.
    pub(crate) const fn new(key: PersonKey, from: [u8; 32], until: Timestamp, parcel: Vec<u8>) -> Self {
        Self { key, from, until, parcel, taken: None }
    }
}

/// What a code stands for, to the device that shows it.
pub(crate) struct WaitingHandOver {
    pub key: PersonKey,
    /// The hash of the secret that the pass must have at this moment.
    pub session: [u8; 32],
    pub parcel: Vec<u8>,
}
redact_debug!(WaitingHandOver);

/// Codes that wait, by the hash of each; one of a person. They are gone with the process: the holder shows a new one.
#[derive(Default)]
pub(crate) struct HandOvers(Mutex<BTreeMap<[u8; 32], HandOverOffer>>);
redact_debug!(HandOvers);

impl HandOvers {
    fn offers(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], HandOverOffer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an offer by the hash of its code, in place of an earlier one of the same person.
    pub(crate) fn add(&self, code: [u8; 32], offer: HandOverOffer, now: Timestamp) {
        let mut offers = self.offers();
        offers.retain(|_, one| now < one.until && one.key != offer.key);
        while offers.len() >= MOST {
            let first = offers.iter().min_by_key(|(_, one)| one.until).map(|(code, _)| *code);
            let Some(first) = first else { break };
            offers.remove(&first);
        }
        offers.insert(code, offer);
    }

    /// Forgets what this wallet offers.
    pub(crate) fn forget(&self, from: &[u8; 32]) {
        self.offers().retain(|_, one| one.from != *from || one.taken.is_some());
    }

    /// What the code with this hash stands for; `None` where it does not count for this device.
    pub(crate) fn find(
        &self,
        code: &[u8; 32],
        device: DpopThumbprint,
        now: Timestamp,
    ) -> Option<WaitingHandOver> {
        let offers = self.offers();
        let offer = offers.get(code).filter(|one| now < one.until)?;
        let session = match offer.taken {
            None => offer.from,
            Some((by, given)) if by == device => given,
            Some(_) => return None,
        };
        Some(WaitingHandOver { key: offer.key, session, parcel: offer.parcel.clone() })
    }

    /// Notes which device took it, and the hash of the secret that it was given.
    pub(crate) fn note_taken(&self, code: &[u8; 32], by: (DpopThumbprint, [u8; 32]), now: Timestamp) {
        if let Some(offer) = self.offers().get_mut(code) {
            if offer.taken.is_none() {
                offer.until = now.plus_seconds(HAND_OVER_SECONDS);
            }
            offer.taken = Some(by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    fn person(number: u16) -> PersonKey {
        let mut key = [0; 16];
        key[..2].copy_from_slice(&number.to_be_bytes());
        PersonKey::from_bytes(key)
    }

    fn device(byte: u8) -> DpopThumbprint {
        DpopThumbprint::from_bytes([byte; 32])
    }

    fn code(number: u16) -> [u8; 32] {
        let mut code = [7; 32];
        code[..2].copy_from_slice(&number.to_be_bytes());
        code
    }

    fn offer(all: &HandOvers, person: PersonKey, number: u16, now: i64) {
        let until = at(now + HAND_OVER_SECONDS);
        all.add(
            code(number),
            HandOverOffer::new(person, [number.to_be_bytes()[1]; 32], until, vec![1]),
            at(now),
        );
    }

    fn session(all: &HandOvers, number: u16, by: u8, now: i64) -> Option<[u8; 32]> {
        all.find(&code(number), device(by), at(now)).map(|found| found.session)
    }

    #[test]
    fn a_code_counts_for_ten_minutes_and_the_last_of_a_person_alone() {
        let all = HandOvers::default();
        offer(&all, person(1), 1, 0);
        assert_eq!(session(&all, 1, 1, 599), Some([1; 32]));
        assert_eq!(session(&all, 1, 1, 600), None);
        offer(&all, person(1), 2, 10);
        offer(&all, person(2), 3, 10);
        assert_eq!(session(&all, 1, 1, 11), None, "a newer one of the same person stands");
        assert_eq!(session(&all, 2, 1, 11), Some([2; 32]));
        all.forget(&[2; 32]);
        assert_eq!(session(&all, 2, 1, 11), None, "withdrawn");
        assert_eq!(session(&all, 3, 1, 11), Some([3; 32]));
    }

    #[test]
    fn a_code_that_was_taken_counts_for_the_device_that_took_it_and_with_what_it_was_given() {
        let all = HandOvers::default();
        offer(&all, person(1), 1, 0);
        all.note_taken(&code(1), (device(1), [8; 32]), at(500));
        assert_eq!(session(&all, 1, 2, 501), None);
        assert_eq!(session(&all, 1, 1, 501), Some([8; 32]));
        all.note_taken(&code(1), (device(1), [9; 32]), at(1000));
        assert_eq!(session(&all, 1, 1, 1001), Some([9; 32]));
        assert_eq!(session(&all, 1, 1, 1100), None, "ten minutes from when it was taken first");
        // What was taken is not withdrawn by the wallet of before.
        offer(&all, person(2), 2, 0);
        all.note_taken(&code(2), (device(1), [8; 32]), at(1));
        all.forget(&[2; 32]);
        assert_eq!(session(&all, 2, 1, 2), Some([8; 32]));
    }

    #[test]
    fn no_more_wait_than_there_is_memory_for() {
        let all = HandOvers::default();
        for number in 0..=1024 {
            offer(&all, person(number), number, i64::from(number) / 100);
        }
        assert_eq!(all.offers().len(), MOST);
        assert_eq!(session(&all, 1024, 1, 11), Some([0; 32]), "the newest is there");
    }
}
