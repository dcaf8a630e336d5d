//! The world of the vectors: keys, lists and approvals of two authorities, one of them with a root of three supervisors.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of a test, outside of the test functions themselves"
)]

use std::collections::BTreeMap;

use credential::SigningKey;
use documents::{AuthorityCode, Scenario, Timestamp};
use trust::{Approval, Binding, DeskBinding, Face, KeyEntry, Role, Root, Terms, TrustList, VenueKind, chain};

pub use AuthorityCode::{Chn, Mac};

pub fn now() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

/// Keys by their names: supervisors `s1` to `s3` and `m`, and those that lists name.
pub struct Keys(BTreeMap<&'static str, SigningKey>);

const NAMES: [&str; 13] = [
    "s1",
    "s2",
    "s3",
    "s4",
    "m",
    "issuer",
    "approval",
    "approval-m",
    "hotel",
    "tower",
    "casa",
    "bad",
    "stranger",
];

impl Keys {
    pub fn new() -> Self {
        Self(NAMES.map(|name| (name, SigningKey::generate().unwrap())).into())
    }

    pub fn get(&self, name: &str) -> &SigningKey {
        &self.0[name]
    }

    pub fn root(&self, threshold: usize, names: &[&'static str]) -> Root {
        Root::of(threshold, names.iter().map(|name| (*name, *self.get(name).public()))).unwrap()
    }

    fn entry(&self, role: Role, kid: &[u8], name: &str) -> KeyEntry {
        let (from, to) = (now().plus_seconds(-86_400), now().plus_seconds(30 * 86_400));
        let key = self.get(name).public().as_bytes().to_vec();
        KeyEntry { role, kid: kid.to_vec(), key, from, to, compromised: false, binding: None }
    }

    fn desk(&self, kid: &str, name: &str, kind: VenueKind, scenarios: &[Scenario]) -> KeyEntry {
        let binding = DeskBinding::new(kid.parse().unwrap(), kind, scenarios.iter().copied()).unwrap();
        KeyEntry { binding: Some(Binding::Desk(binding)), ..self.entry(Role::Desk, kid.as_bytes(), name) }
    }

    /// The list of the mainland, whose root needs two of three supervisors.
    pub fn list(&self, number: u64, root: &Root, next: Option<Root>) -> TrustList {
        let (hotel, visit) = (Scenario::HotelCheckIn, Scenario::BuildingVisit);
        let later = self.desk("later-hotel", "hotel", VenueKind::Hotel, &[hotel]);
        let ended = self.desk("ended-hotel", "hotel", VenueKind::Hotel, &[hotel]);
        let keys = vec![
            self.entry(Role::Venue, &[7], "issuer"),
            self.entry(Role::Approval, b"approval", "approval"),
            self.entry(Role::Status, b"status", "issuer"),
            self.desk("harbour-hotel", "hotel", VenueKind::Hotel, &[hotel]),
            self.desk("tower-one", "tower", VenueKind::Building, &[visit]),
            KeyEntry { from: now().plus_seconds(1), ..later },
            KeyEntry { to: now(), ..ended },
            KeyEntry { compromised: true, ..self.desk("bad-hotel", "bad", VenueKind::Hotel, &[hotel]) },
        ];
        let expires = now().plus_seconds(7 * 86_400);
        TrustList { authority: Chn, number, issued: now(), expires, root: root.clone(), next, keys }
    }

    /// The list of Macao, whose root is one supervisor.
    pub fn macao(&self) -> TrustList {
        let root = self.root(1, &["m"]);
        let keys = vec![
            self.entry(Role::Approval, b"approval", "approval-m"),
            self.desk("casa-hotel", "casa", VenueKind::Hotel, &[Scenario::HotelCheckIn]),
        ];
        let expires = now().plus_seconds(7 * 86_400);
        TrustList { authority: Mac, number: 1, issued: now(), expires, root, next: None, keys }
    }

    pub fn signed(&self, list: &TrustList, names: &[&str]) -> Vec<u8> {
        let sign = |name: &&str| list.signature(name.as_bytes(), self.get(name)).unwrap();
        list.assemble(&names.iter().map(sign).collect::<Vec<_>>()).unwrap()
    }

    pub fn chained(&self, lists: &[(&TrustList, &[&str])]) -> Vec<u8> {
        let lists: Vec<_> = lists.iter().map(|(list, names)| self.signed(list, names)).collect();
        chain(lists.iter().map(Vec::as_slice))
    }

    pub fn approved(&self, approval: &Approval) -> Vec<u8> {
        let name = |code: &AuthorityCode| if *code == Chn { "approval" } else { "approval-m" };
        let sign = |code: &AuthorityCode| (*code, approval.sign(b"approval", self.get(name(code))).unwrap());
        Approval::bundle(&approval.jurisdictions.iter().map(sign).collect::<Vec<_>>())
    }
}

pub fn approval(id: &str) -> Approval {
    let each = |text: &str| vec![(Chn, text.to_owned()), (Mac, text.to_owned())];
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    Approval {
        id: id.to_owned(),
        number: 1,
        withdrawn: false,
        scenario: Scenario::HotelCheckIn,
        jurisdictions: vec![Chn],
        ports: vec![],
        from: "2026-01-01".parse().unwrap(),
        to: "2026-12-31".parse().unwrap(),
        hours: (0, 1440),
        claims: words(&[
            "name",
            "name_zh",
            "birth_date",
            "nationality",
            "document_kind",
            "document_number",
            "age_over_18",
        ]),
        retention_days: 90,
        assessment: "PIA-SPECIMEN".to_owned(),
        filings: each("filing"),
        probe_grounds: each("ground"),
        terms: Some(Terms {
            venues: vec!["harbour-hotel".parse().unwrap(), "casa-hotel".parse().unwrap()],
            purposes: words(&["guest-register"]),
            face: Face::NotCompared,
        }),
    }
}

/// The approvals in use: one that covers, and one for each reason against a request.
pub fn approvals() -> Vec<Approval> {
    let other = |id: &str, change: fn(&mut Approval)| {
        let mut made = approval(id);
        change(&mut made);
        made
    };
    vec![
        approval("hotels-1"),
        other("both-1", |a| {
            a.jurisdictions = vec![Chn, Mac];
            let terms = a.terms.as_mut().unwrap();
            terms.face = Face::Compared { other_way: "staff look at the document".to_owned() };
        }),
        other("elsewhere-1", |a| a.terms.as_mut().unwrap().venues = vec!["tower-one".parse().unwrap()]),
        other("visits-1", |a| a.scenario = Scenario::BuildingVisit),
        other("withdrawn-1", |a| a.withdrawn = true),
        other("later-1", |a| a.from = "2026-03-03".parse().unwrap()),
        other("over-1", |a| a.to = "2026-03-01".parse().unwrap()),
        other("evening-1", |a| a.hours = (18 * 60, 22 * 60)),
        other("today-1", |a| {
            a.from = now().local_date();
            a.to = a.from;
            a.hours = (600, 601);
        }),
        other("morning-1", |a| a.hours = (0, 600)),
    ]
}
