//! Ladder: which measure answers which doubt, up to which harm, and what is asked next of this traveller at this lane.
//!
//! Lives here: [`Means`], [`answers`], [`choose`], [`equal_way`]. Not here: attempts and time (`visit`), what a kiosk shows for a measure.

use std::collections::BTreeMap;

use documents::Measure;

use crate::finding::{Doubt, Harm};

/// What is in doubt about a traveller, each with the harm if it is right. The lane's own doubts are not asked of a traveller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Doubts(BTreeMap<Doubt, Harm>);

impl Doubts {
    /// The doubts of findings ([`crate::Findings::doubts`]).
    #[must_use]
    pub fn new(doubts: impl IntoIterator<Item = (Doubt, Harm)>) -> Self {
        Self(doubts.into_iter().filter(|(doubt, _)| *doubt != Doubt::Lane).collect())
    }

    /// Each doubt with its harm.
    pub fn iter(&self) -> impl Iterator<Item = (Doubt, Harm)> {
        self.0.iter().map(|(doubt, harm)| (*doubt, *harm))
    }

    /// Whether nothing is in doubt.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left after a measure was passed: it takes away the doubts that it answers, and no other.
    #[must_use]
    pub fn after(&self, passed: Measure) -> Self {
        Self::new(self.iter().filter(|(doubt, harm)| !answers(passed, *doubt, *harm)))
    }
}

/// What the traveller and the lane can do here and now. Nothing about a measure needs hearing: all that is spoken is written as well,
/// so there is no field for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// The traveller has a wallet that can be unlocked: not a paper pass, not a carer's phone without its carer.
    pub phone: bool,
    /// The traveller shows a face that a camera can use.
    pub face: bool,
    /// The traveller carries the physical document.
    pub document: bool,
    /// The lane can play a liveness challenge.
    pub challenge: bool,
    /// The lane can take another picture.
    pub camera: bool,
    /// The lane can read a document.
    pub reader: bool,
}

impl Means {
    /// Everything is there.
    pub const ALL: Self =
        Self { phone: true, face: true, document: true, challenge: true, camera: true, reader: true };

    /// Whether a measure can be done here. An officer always can.
    #[must_use]
    pub const fn can(self, measure: Measure) -> bool {
        match measure {
            Measure::Pin => self.phone,
            Measure::ActiveLiveness => self.face && self.challenge,
            Measure::SecondLook => self.face && self.camera,
            Measure::PhysicalDocument => self.document && self.reader,
            // A guardian answers a lane's rule for children, not a doubt.
            Measure::Guardian => false,
            Measure::Officer => true,
        }
    }
}

/// The measures of the ladder, the lightest first.
pub const LADDER: [Measure; 5] =
    [Measure::Pin, Measure::SecondLook, Measure::ActiveLiveness, Measure::PhysicalDocument, Measure::Officer];

/// The greatest harm up to which a passed measure answers a doubt; `None` where it says nothing of it.
const fn reach(measure: Measure, doubt: Doubt) -> Option<Harm> {
    use Harm::{High, Low, Medium};
    match measure {
        // The traveller knows the wallet's secret, now and here: a fresh proof says so.
        Measure::Pin => match doubt {
            Doubt::WhosePhone | Doubt::CodeRelayed => Some(Medium),
            Doubt::UnusualUse => Some(Low),
            Doubt::WhoseFace
            | Doubt::LiveFace
            | Doubt::WhichDocument
            | Doubt::DeviceCloned
            | Doubt::TravelImpossible
            | Doubt::WatchList
            | Doubt::RandomCheck
            | Doubt::Lane
            | Doubt::Engine => None,
        },
        // Another picture at the stricter threshold.
        Measure::SecondLook => match doubt {
            Doubt::WhoseFace => Some(Medium),
            Doubt::UnusualUse => Some(Low),
            Doubt::WhosePhone
            | Doubt::LiveFace
            | Doubt::WhichDocument
            | Doubt::CodeRelayed
            | Doubt::DeviceCloned
            | Doubt::TravelImpossible
            | Doubt::WatchList
            | Doubt::RandomCheck
            | Doubt::Lane
            | Doubt::Engine => None,
        },
        Measure::ActiveLiveness => match doubt {
            Doubt::LiveFace => Some(Medium),
            Doubt::WhosePhone
            | Doubt::WhoseFace
            | Doubt::WhichDocument
            | Doubt::CodeRelayed
            | Doubt::DeviceCloned
            | Doubt::TravelImpossible
            | Doubt::UnusualUse
            | Doubt::WatchList
            | Doubt::RandomCheck
            | Doubt::Lane
            | Doubt::Engine => None,
        },
        // The document lies on the reader, and the face was compared with what it says.
        Measure::PhysicalDocument => match doubt {
            Doubt::WhosePhone | Doubt::CodeRelayed | Doubt::DeviceCloned | Doubt::TravelImpossible => {
                Some(High)
            }
            Doubt::WhichDocument | Doubt::UnusualUse | Doubt::Engine => Some(Medium),
            Doubt::WhoseFace | Doubt::LiveFace | Doubt::WatchList | Doubt::RandomCheck | Doubt::Lane => None,
        },
        Measure::Guardian => None,
        Measure::Officer => match doubt {
            Doubt::Lane => None,
            Doubt::WhosePhone
            | Doubt::WhoseFace
            | Doubt::LiveFace
            | Doubt::WhichDocument
            | Doubt::CodeRelayed
            | Doubt::DeviceCloned
            | Doubt::TravelImpossible
            | Doubt::UnusualUse
            | Doubt::WatchList
            | Doubt::RandomCheck
            | Doubt::Engine => Some(High),
        },
    }
}

/// Whether a passed measure answers a doubt of this harm.
#[must_use]
pub fn answers(measure: Measure, doubt: Doubt, harm: Harm) -> bool {
    reach(measure, doubt).is_some_and(|most| harm <= most)
}

/// The lightest measure for one doubt that can be done here.
#[must_use]
pub fn lightest(doubt: Doubt, harm: Harm, means: Means) -> Measure {
    let fits = |measure: &Measure| means.can(*measure) && answers(*measure, doubt, harm);
    LADDER.into_iter().find(fits).unwrap_or(Measure::Officer)
}

/// What is asked next; `None` where nothing is in doubt. One measure that answers everything comes before several lighter ones; where
/// what is left of `attempts` does not suffice for all that would be needed, an officer is asked at once and nobody's time is lost.
#[must_use]
pub fn choose(doubts: &Doubts, means: Means, attempts: u8) -> Option<Measure> {
    if doubts.is_empty() {
        return None;
    }
    let mut needed: Vec<Measure> = doubts.iter().map(|(doubt, harm)| lightest(doubt, harm, means)).collect();
    needed.sort_by_key(|measure| rung(*measure));
    needed.dedup();
    let heaviest = needed.last().copied();
    // The heaviest that is needed anyway may answer the lighter doubts too.
    let left = heaviest.map(|measure| doubts.after(measure));
    let needed = match &left {
        Some(left) if left.is_empty() => 1,
        Some(_) | None => needed.len(),
    };
    if needed > usize::from(attempts) { Some(Measure::Officer) } else { heaviest }
}

fn rung(measure: Measure) -> usize {
    LADDER.iter().position(|each| *each == measure).unwrap_or(LADDER.len())
}

/// What a traveller cannot use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// No phone, or one that cannot be unlocked.
    Phone,
    /// No face that a camera can use.
    Face,
    /// No hearing.
    Hearing,
}

/// The equal way for a measure: the measure itself where it needs nothing of the kind.
#[must_use]
pub const fn equal_way(measure: Measure, without: Without) -> Measure {
    match (measure, without) {
        // An officer needs nothing that a traveller may lack; all that is spoken is written too.
        (_, Without::Hearing) | (Measure::Officer | Measure::Guardian, _) => measure,
        (Measure::Pin, Without::Phone) => Measure::PhysicalDocument,
        (Measure::Pin | Measure::PhysicalDocument, Without::Face) => measure,
        (Measure::SecondLook | Measure::ActiveLiveness, Without::Face) => Measure::Officer,
        (Measure::SecondLook | Measure::ActiveLiveness | Measure::PhysicalDocument, Without::Phone) => {
            measure
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_does_not_answer_a_bad_face_nor_a_face_a_stolen_phone() {
        for (measure, doubt, harm, expected) in [
            (Measure::Pin, Doubt::WhoseFace, Harm::Low, false),
            (Measure::Pin, Doubt::WhosePhone, Harm::Medium, true),
            (Measure::Pin, Doubt::WhosePhone, Harm::High, false),
            (Measure::SecondLook, Doubt::WhosePhone, Harm::Low, false),
            (Measure::SecondLook, Doubt::WhoseFace, Harm::High, false),
            (Measure::ActiveLiveness, Doubt::LiveFace, Harm::Medium, true),
            (Measure::PhysicalDocument, Doubt::WatchList, Harm::Low, false),
            (Measure::PhysicalDocument, Doubt::Engine, Harm::High, false),
            (Measure::Guardian, Doubt::UnusualUse, Harm::Low, false),
        ] {
            assert_eq!(answers(measure, doubt, harm), expected, "{measure} {doubt} {harm}");
        }
        for doubt in Doubt::ALL.iter().filter(|doubt| **doubt != Doubt::Lane) {
            assert!(answers(Measure::Officer, *doubt, Harm::High), "{doubt}");
        }
    }

    #[test]
    fn the_lightest_measure_is_asked_and_one_for_all_before_several() {
        use Doubt::*;
        use Harm::{High, Low, Medium};
        for (doubts, attempts, expected) in [
            (vec![], 2, None),
            (vec![(Lane, High)], 2, None),
            (vec![(WhosePhone, Medium)], 2, Some(Measure::Pin)),
            (vec![(WhosePhone, High)], 2, Some(Measure::PhysicalDocument)),
            (vec![(WhoseFace, Low)], 2, Some(Measure::SecondLook)),
            (vec![(WhoseFace, High)], 2, Some(Measure::Officer)),
            (vec![(WhosePhone, Low), (TravelImpossible, High)], 2, Some(Measure::PhysicalDocument)),
            (vec![(WhosePhone, Low), (WhoseFace, Low)], 2, Some(Measure::SecondLook)),
            (vec![(WhosePhone, Low), (WhoseFace, Low)], 1, Some(Measure::Officer)),
            (vec![(WhosePhone, Low), (WhoseFace, Low), (LiveFace, Low)], 2, Some(Measure::Officer)),
            (vec![(WatchList, High), (WhosePhone, Low)], 2, Some(Measure::Officer)),
            (vec![(WhosePhone, Low)], 0, Some(Measure::Officer)),
        ] {
            assert_eq!(choose(&Doubts::new(doubts.clone()), Means::ALL, attempts), expected, "{doubts:?}");
        }
    }

    #[test]
    fn an_equal_way_answers_whatever_the_measure_answers() {
        for measure in LADDER {
            for without in [Without::Phone, Without::Face, Without::Hearing] {
                let way = equal_way(measure, without);
                for doubt in Doubt::ALL {
                    for harm in Harm::ALL {
                        assert!(
                            !answers(measure, *doubt, *harm) || answers(way, *doubt, *harm),
                            "{measure} {without:?} {doubt}"
                        );
                    }
                }
                let means = match without {
                    Without::Phone => Means { phone: false, ..Means::ALL },
                    Without::Face => Means { face: false, ..Means::ALL },
                    Without::Hearing => Means::ALL,
                };
                assert!(means.can(way), "{measure} {without:?}");
            }
        }
    }

    #[test]
    fn what_is_chosen_can_be_done_and_answers_whatever_is_missing() {
        for bits in 0..64_u8 {
            let has = |bit: u8| bits & (1 << bit) != 0;
            let means = Means {
                phone: has(0),
                face: has(1),
                document: has(2),
                challenge: has(3),
                camera: has(4),
                reader: has(5),
            };
            for doubt in Doubt::ALL.iter().filter(|doubt| **doubt != Doubt::Lane) {
                for harm in Harm::ALL {
                    let measure = lightest(*doubt, *harm, means);
                    assert!(
                        means.can(measure) && answers(measure, *doubt, *harm),
                        "{doubt} {harm} {means:?}"
                    );
                }
            }
        }
    }
}
