//! What holds for every person, past and question, whatever the rules say of single cases.

#![cfg(test)]

use std::collections::BTreeMap;
use std::sync::OnceLock;

use documents::rules::{Counting, Stay};
use documents::{
    Applied, Asked, AuthorityCode, Birth, Direction, Document, DocumentKind, DocumentNumber, DocumentStatus,
    Endorsement, EndorsementRef, Holder, LaneKind, LocalDate, MainlandCount, Movement, Mrz, Nationality,
    Outcome, PortId, Question, Residence, ResidenceClass, Rules, Timestamp, Use, Verdict, may_cross,
};
use proptest::prelude::*;

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| Rules::builtin().unwrap())
}

fn day(offset: i32) -> LocalDate {
    LocalDate::new(2026, 1, 1).unwrap().plus_days(offset)
}

fn places() -> impl Strategy<Value = AuthorityCode> {
    prop::sample::select(AuthorityCode::ALL.to_vec())
}

fn ports() -> impl Strategy<Value = PortId> {
    let mut ids: Vec<PortId> = rules().ports().map(|p| p.id.clone()).collect();
    ids.dedup();
    prop::sample::select(ids)
}

fn directions() -> impl Strategy<Value = Direction> {
    (places(), places()).prop_filter_map("one place", |(a, b)| Direction::new(a, b))
}

fn endorsements() -> impl Strategy<Value = Endorsement> {
    let forms: Vec<_> = rules().forms().iter().filter(|f| f.letter != "OWP").cloned().collect();
    (prop::sample::select(forms), 0..2_usize, -200..100_i32, 1..400_i32).prop_map(
        |(form, place, from, days)| Endorsement {
            form: form.code,
            destination: form.destinations[place % form.destinations.len()],
            entries: form.entries(),
            valid_from: day(from),
            valid_to: day(from + days),
            issued: day(from),
            approved_until: None,
        },
    )
}

fn number(kind: DocumentKind, n: u32) -> DocumentNumber {
    let text = match kind {
        DocumentKind::Hkid => "A123456(3)".to_owned(),
        DocumentKind::MacaoBir => "5123456(7)".to_owned(),
        DocumentKind::HomeReturnPermit if n % 2 == 1 => format!("HA{n:07}"),
        DocumentKind::HomeReturnPermit => format!("H{n:08}"),
        DocumentKind::ExitEntryPermit => format!("C{n:08}"),
        DocumentKind::MainlandId => "11010519491231002X".to_owned(),
        DocumentKind::ResidencePermit => "820000198511304524".to_owned(),
        DocumentKind::Passport
        | DocumentKind::OneWayPermit
        | DocumentKind::OneTimePass
        | DocumentKind::DocumentOfIdentity
        | DocumentKind::VisitPermit
        | DocumentKind::InboundPass
        | DocumentKind::ReentryPermit
        | DocumentKind::HksarPassport
        | DocumentKind::OfficialPermit => format!("S{n:08}"),
    };
    DocumentNumber::parse(kind, &text).unwrap()
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let one = (
        prop::sample::select(DocumentKind::ALL.to_vec()),
        0..99_999_u32,
        prop::option::of(-300..120_i32),
        prop::option::of(-60..2000_i32),
        prop::bool::weighted(0.2),
        prop::collection::vec(endorsements(), 0..4),
    )
        .prop_map(|(kind, n, issued, expires, lost, endorsements)| Document {
            number: number(kind, n),
            issued: issued.map(day),
            expires: expires.map(day),
            status: if lost { DocumentStatus::Lost } else { DocumentStatus::Valid },
            endorsements,
        });
    prop::collection::vec(one, 0..5)
}

/// The identity card of a region and two permits, as a student of the mainland may have them: which permit the right is on, nobody shows.
fn cards_of_a_student() -> impl Strategy<Value = Vec<Document>> {
    let permit = |n| {
        let expires = prop::option::of(-60..2000_i32);
        (expires, prop::collection::vec(endorsements(), 0..2)).prop_map(move |(expires, endorsements)| {
            Document {
                number: number(DocumentKind::ExitEntryPermit, n),
                issued: None,
                expires: expires.map(day),
                status: DocumentStatus::Valid,
                endorsements,
            }
        })
    };
    (permit(1), permit(2)).prop_map(|(one, another)| {
        let number = number(DocumentKind::Hkid, 0);
        let card = Document { number, endorsements: Vec::new(), expires: None, ..one.clone() };
        vec![one, another, card]
    })
}

fn holders() -> impl Strategy<Value = Holder> {
    let class = prop::sample::select(vec![
        ResidenceClass::Permanent,
        ResidenceClass::NonPermanent,
        ResidenceClass::NonPermanentMarked,
    ]);
    (
        places(),
        class,
        1930..2026_i16,
        any::<bool>(),
        any::<bool>(),
        prop::option::of(any::<bool>()),
        any::<bool>(),
    )
        .prop_map(|(home, class, year, registered, tall, chinese, both)| {
            let mut holder = Holder::new(home, class, Birth::Year(year));
            holder.registered = registered;
            holder.tall_enough = tall;
            holder.nationality =
                chinese.map(|yes| if yes { Nationality::CHINESE } else { "GBR".parse().unwrap() });
            let other = if home == AuthorityCode::Hkg { AuthorityCode::Mac } else { AuthorityCode::Hkg };
            if both && home.is_sar() {
                holder.residences.push(Residence { of: other, class });
            }
            holder
        })
}

fn moments() -> impl Strategy<Value = Timestamp> {
    (0..200_i32, 0..1440_u16).prop_map(|(d, minute)| day(d).at_minute(minute))
}

fn movements() -> impl Strategy<Value = Vec<Movement>> {
    let one = (
        moments(),
        ports(),
        directions(),
        prop::sample::select(vec![
            Applied::Both,
            Applied::Both,
            Applied::ExitOnly,
            Applied::EntryOnly,
            Applied::Returned,
            Applied::LeftTheThree,
            Applied::CameFromOutside,
        ]),
        any::<bool>(),
        prop::option::weighted(0.1, 0..300_i32),
        prop::sample::select(vec![Use::Unrecorded, Use::Unrecorded, Use::Nothing]),
    )
        .prop_map(|(at, port, direction, applied, with_group, granted, used)| Movement {
            at,
            port,
            direction,
            applied,
            with_group,
            granted_until: granted.map(day),
            used,
        });
    prop::collection::vec(one, 0..12)
}

fn questions() -> impl Strategy<Value = Question> {
    let lane = prop::sample::select(vec![LaneKind::Code, LaneKind::FaceOnly, LaneKind::Manual]);
    (ports(), directions(), lane, moments(), any::<bool>(), any::<bool>()).prop_map(
        |(port, direction, lane, at, with_group, with_guardian)| Question {
            port,
            direction,
            lane,
            at,
            asked: Asked::Both,
            by: None,
            with_group,
            with_guardian,
            shown: None,
            vehicle: None,
        },
    )
}

/// Any permutation, named by `seed`.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for at in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap() % (at + 1);
        items.swap(at, other);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn home_never_refers_its_own(
        holder in holders(), documents in documents(), past in movements(), question in questions()
    ) {
        let answer = may_cross(rules(), &holder, &documents, &past, &question);
        if holder.residence(question.direction.to()).is_some() {
            let verdict = answer.entry.unwrap().verdict;
            prop_assert!(!matches!(verdict, Verdict::Refer(_)), "{verdict:?}");
        }
    }

    #[test]
    fn the_order_in_which_movements_are_given_means_nothing(
        holder in holders(), documents in documents(), past in movements(), question in questions(), turn in 0..12_usize
    ) {
        let mut past = past;
        past.sort_by_key(|m| m.at);
        past.dedup_by_key(|m| m.at);
        let one = may_cross(rules(), &holder, &documents, &past, &question);
        if !past.is_empty() {
            let turn = turn % past.len();
            past.rotate_left(turn);
        }
        past.reverse();
        prop_assert_eq!(one, may_cross(rules(), &holder, &documents, &past, &question));
    }

    #[test]
    fn the_order_of_documents_and_of_their_endorsements_means_nothing(
        holder in holders(), documents in documents(), past in movements(), question in questions(), seed in any::<u64>()
    ) {
        let mut documents = documents;
        // One number on one day names one document (a case file that repeats it is refused).
        documents.sort_by_key(|d| (d.number.clone(), d.issued));
        documents.dedup_by_key(|d| (d.number.clone(), d.issued));
        let one = may_cross(rules(), &holder, &documents, &past, &question);
        let mut turned = documents;
        turned.iter_mut().for_each(|d| shuffle(&mut d.endorsements, seed));
        shuffle(&mut turned, seed.rotate_left(17));
        prop_assert_eq!(one, may_cross(rules(), &holder, &turned, &past, &question));
    }

    #[test]
    fn the_order_of_a_students_two_permits_means_nothing(
        cards in cards_of_a_student(), from in prop::sample::select(vec![AuthorityCode::Chn, AuthorityCode::Mac]),
        port in ports(), at in moments(), mut question in questions()
    ) {
        let holder = Holder::new(AuthorityCode::Chn, ResidenceClass::Permanent, Birth::Year(2000));
        question.direction = Direction::new(from, AuthorityCode::Hkg).unwrap();
        (question.port, question.at) = (port, at);
        let one = may_cross(rules(), &holder, &cards, &[], &question);
        let turned: Vec<_> = cards.into_iter().rev().collect();
        prop_assert_eq!(one, may_cross(rules(), &holder, &turned, &[], &question));
    }

    #[test]
    fn what_comes_later_changes_no_earlier_answer(
        holder in holders(), documents in documents(), past in movements(), question in questions()
    ) {
        let so_far: Vec<Movement> = past.iter().filter(|m| m.at <= question.at).cloned().collect();
        prop_assert_eq!(
            may_cross(rules(), &holder, &documents, &past, &question),
            may_cross(rules(), &holder, &documents, &so_far, &question)
        );
    }

    #[test]
    fn an_answer_keeps_its_own_words(
        holder in holders(), documents in documents(), past in movements(), question in questions()
    ) {
        let answer = may_cross(rules(), &holder, &documents, &past, &question);
        let sides = [&answer.exit, &answer.entry].into_iter().flatten();
        for side in sides {
            match &side.verdict {
                Verdict::Verify { measures, .. } => prop_assert!(!measures.is_empty()),
                Verdict::Admit(grant) => {
                    // Nothing is admitted after the last day it names, on a lost card, or past its date.
                    prop_assert!(grant.last_day().is_none_or(|last| question.at.local_date() <= last));
                }
                Verdict::Refer(_) => {}
            }
            if side.authority == AuthorityCode::Chn
                && question.direction.from() == AuthorityCode::Chn
                && holder.home == AuthorityCode::Chn
                && let Verdict::Admit(grant) = &side.verdict
            {
                // A way out rests on an endorsement for that place, valid that day, on a card in force.
                let reference = grant.endorsement.unwrap();
                let today = question.at.local_date();
                let covers = documents.iter().any(|d| {
                    d.status == DocumentStatus::Valid
                        && !d.expired_on(today)
                        && d.endorsements.iter().any(|e| {
                            e.reference() == reference
                                && e.destination == question.direction.to()
                                && e.valid_from <= today
                                && today <= e.valid_to
                        })
                });
                prop_assert!(covers);
            }
        }
        serde_json::to_string(&answer).unwrap();
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC{0,60}", zone in "[A-Z0-9<]{88}") {
        for kind in DocumentKind::ALL {
            let _ = DocumentNumber::parse(kind, &text);
        }
        let _ = DocumentNumber::recognise(&text);
        let _ = Mrz::parse(&text, day(0));
        let _ = Mrz::parse(&format!("{}\n{}", &zone[..44], &zone[44..]), day(0));
        let _ = Mrz::parse(&format!("{}\n{}\n{}", &zone[..30], &zone[28..58], &zone[58..]), day(0));
        let _ = Mrz::parse(&format!("{}\n{}", &zone[..36], &zone[36..72]), day(0));
        let _ = documents::parse_endorsement(rules(), &text);
        let _ = documents::CaseFile::parse(&text, rules());
    }
}

/// A step of a journey: which of the open ways, and after how many hours.
type Step = (usize, i64, bool);

const WAYS: [(&str, &str); 7] = [
    ("luohu", "CHN-HKG"),
    ("huanggang", "CHN-HKG"),
    ("gongbei", "CHN-MAC"),
    ("hengqin", "CHN-MAC"),
    ("hzmb-zhu-mac", "CHN-MAC"),
    ("hzmb-hkg-mac", "HKG-MAC"),
    ("ferry-hkg-mac", "HKG-MAC"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Walks about as the answers allow and keeps its own books, the way a clerk would.
    #[test]
    fn whoever_follows_the_answers_takes_one_entry_a_trip_and_never_overstays(
        rights in prop::collection::vec(endorsements(), 1..4),
        steps in prop::collection::vec((0..8_usize, 1..130_i64, any::<bool>()), 1..30),
    ) {
        let mut rights = rights;
        rights.sort_by_key(Endorsement::reference);
        rights.dedup_by_key(|e| e.reference());
        let holder = Holder::new(AuthorityCode::Chn, ResidenceClass::Permanent, Birth::Year(1990));
        let card = Document {
            number: number(DocumentKind::ExitEntryPermit, 1),
            issued: None,
            expires: None,
            status: DocumentStatus::Valid,
            endorsements: rights.clone(),
        };
        journey(&holder, &card, &rights, &steps)?;
    }
}

fn journey(
    holder: &Holder,
    card: &Document,
    rights: &[Endorsement],
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let mut at = day(0).at_minute(600);
    let mut place = AuthorityCode::Chn;
    let mut limit: Option<LocalDate> = None;
    let mut past: Vec<Movement> = Vec::new();
    let mut taken: BTreeMap<EndorsementRef, u32> = BTreeMap::new();
    let mut weeks: BTreeMap<(AuthorityCode, String), u32> = BTreeMap::new();
    let mut trips_to: BTreeMap<AuthorityCode, u32> = BTreeMap::new();
    for (way, hours, group) in steps {
        at = at.plus_seconds(hours * 3600);
        let ways: Vec<_> = WAYS.iter().filter(|(_, pair)| pair.contains(place.code())).collect();
        let (port, pair) = ways[way % ways.len()];
        let to: AuthorityCode = pair.split('-').find(|p| *p != place.code()).unwrap().parse().unwrap();
        let direction = Direction::new(place, to).unwrap();
        let mut question = Question::new(port.parse().unwrap(), direction, at);
        question.with_group = *group;
        question.lane = LaneKind::Manual;
        let answer = may_cross(rules(), holder, std::slice::from_ref(card), &past, &question);
        if let (Some(limit), true) = (limit, place.is_sar()) {
            // The region lets nobody out quietly after the last day that it named at the entry.
            let out = &answer.exit.as_ref().unwrap().verdict;
            prop_assert_eq!(
                matches!(out, Verdict::Admit(_)),
                at.local_date() <= limit,
                "{} {:?}",
                limit,
                out
            );
        }
        // He goes home in any case; otherwise only where the door opens.
        if answer.outcome() != Outcome::Open && to != AuthorityCode::Chn {
            continue;
        }
        let spent = match (&answer.mainland_count, place) {
            (Some(MainlandCount::Covered { endorsement, spends, .. }), _) => endorsement.filter(|_| *spends),
            (Some(MainlandCount::NotCovered(why)), _) => {
                return Err(TestCaseError::fail(format!("admitted and not covered: {why:?}")));
            }
            (None, AuthorityCode::Chn) => answer.exit.as_ref().unwrap().verdict.grant().unwrap().spends,
            (None, AuthorityCode::Hkg | AuthorityCode::Mac) => None,
        };
        let entry = answer.entry.as_ref().unwrap().verdict.grant();
        if place == AuthorityCode::Chn {
            prop_assert!(entry.unwrap().spends.is_none(), "the exit took it already");
            *trips_to.entry(to).or_insert(0) += 1;
        }
        if let Some(reference) = spent {
            let form = rules().form(reference.form).unwrap();
            let count = taken.entry(reference).or_insert(0);
            *count += 1;
            if let Counting::Entries(most) = form.counting {
                prop_assert!(*count <= u32::from(most), "more entries than granted");
            }
            if form.counting == Counting::Weekly {
                let week = weeks.entry((to, at.local_date().iso_week().to_string())).or_insert(0);
                *week += 1;
                prop_assert!(*week == 1, "twice in one week");
            }
        }
        limit = entry.and_then(documents::Grant::last_day).filter(|_| to.is_sar());
        past.push(Movement { with_group: *group, ..Movement::new(at, question.port.clone(), direction) });
        place = to;
    }
    // Every trip out took an entry or the week, unless its right is multiple or a tour's round trip.
    let counted = |e: &Endorsement| {
        let form = rules().form(e.form).unwrap();
        form.counting != Counting::Multiple && !matches!(form.stay, Stay::Tour(_))
    };
    for place in [AuthorityCode::Hkg, AuthorityCode::Mac] {
        if rights.iter().filter(|e| e.destination == place).all(counted) {
            let spent: u32 = taken.iter().filter(|(r, _)| r.destination == place).map(|(_, n)| n).sum();
            prop_assert!(spent >= trips_to.get(&place).copied().unwrap_or(0));
        }
    }
    Ok(())
}
