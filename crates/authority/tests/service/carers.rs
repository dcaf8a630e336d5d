//! A child's or a parent's pass on the phone of whoever looks after them: how it begins, on whose phone, and what ends it.

use authority::{
    CarerError, CarerRole, Decided, DeviceProof, EnrolError, EnrolRequest, Enrolled, IssueError,
    PendingError, SessionError, possession,
};
use credential::status::Status;
use credential::venue::ClaimName;
use credential::{KeyClass, SigningKey};
use documents::AuthorityCode::{Chn, Mac};
use documents::{CarerGround, CarerOver, CarerRefusal, CarerStop, DocumentNumber, Side, Timestamp};
use serde_json::json;

use crate::bay::{
    Bay, DEVICE, NAME, NUMBER, Place, RECORD, Wallet, ask, bay, device_thumbprint, enrol_as, in_memory, pass,
    photographs, show, token,
};
use crate::card_life::{at_the_desk, identity};
use crate::door::{Door, OFFICER, b64, tells_nothing};
use crate::http::MORNING;
use crate::postgres::Cluster;
use crate::risk::bring;
use crate::venues::allow;

const CHILD: &str = "CB0000001";
const CHILD_NAME: &str = "SPECIMEN LI XIAO";
/// Thirteen on the morning of these tests, and fourteen on the third day after.
const CHILD_BIRTH: &str = "2012-03-05";
const OTHER: &str = "CB0000002";
const OTHER_NAME: &str = "SPECIMEN WANG WU";
const OTHER_BIRTH: &str = "1985-01-02";

pub fn number(text: &str) -> DocumentNumber {
    DocumentNumber::recognise(text).unwrap()
}

fn record(number: &str, name: &str, birth: &str) -> String {
    RECORD.replace(NUMBER, number).replace("SPECIMEN LI NA", name).replace("1991-05-06", birth)
}

/// A wallet's application for somebody, with a fresh invitation that replaces a pass; `shown`: the secret that it sends along.
async fn enrol_with(
    bay: &Bay,
    who: (&str, &str, &str),
    shown: Option<&[u8; 32]>,
    selfie: &[u8],
) -> Result<[u8; 32], EnrolError> {
    Ok(apply(bay, who, (shown, true), selfie).await?.secret)
}

/// The same; `replaces`: whether the invitation does, so that nothing waits.
async fn apply(
    bay: &Bay,
    (of, name, birth): (&str, &str, &str),
    (shown, replaces): (Option<&[u8; 32]>, bool),
    selfie: &[u8],
) -> Result<Enrolled, EnrolError> {
    let holder = match shown {
        Some(secret) => bay.chn.open_session(secret, device_thumbprint(), bay.now).await.ok(),
        None => None,
    };
    let invitation = bay.chn.invite(&number(of), replaces, bay.now).await.unwrap().code.printed();
    let request = EnrolRequest {
        number: number(of),
        name: name.to_owned(),
        birth: birth.parse().unwrap(),
        mrz: None,
        invitation: Some(invitation),
    };
    let claim = bay.chn.read_claim(request, holder, bay.now)?;
    bay.chn.enrol(&claim, device_thumbprint(), selfie, bay.now).await
}

/// A child on the phone of a parent who is registered for it, whatever their names; gives the child's session.
pub async fn enrol_child(
    bay: &Bay,
    (child, name, birth): (&str, &str, &str),
    (photo, selfie): (&[u8], &[u8]),
) -> [u8; 32] {
    bay.chn.add_resident(&record(OTHER, OTHER_NAME, OTHER_BIRTH), photo, bay.now).await.unwrap();
    let who = (number(OTHER), OTHER_NAME, OTHER_BIRTH.parse().unwrap());
    let parent = enrol_as(&bay.chn, (&who.0, who.1, who.2), selfie, bay.now).await.unwrap();
    let both = (&number(child), &number(OTHER));
    bay.chn.add_carer(both, CarerGround::Parent, None, bay.now).await.unwrap();
    enrol_with(bay, (child, name, birth), Some(&parent), selfie).await.unwrap()
}

/// A child with this birth date and their mother, both registered, and the mother's pass on her phone.
pub struct Family {
    pub bay: Bay,
    pub mother: [u8; 32],
    live: Vec<u8>,
    stranger: Vec<u8>,
}

const THE_CHILD: (&str, &str, &str) = (CHILD, CHILD_NAME, CHILD_BIRTH);

impl Family {
    pub async fn new(test: &str, stores: [Place; 2]) -> Option<Self> {
        let (photo, live, stranger) = photographs(test)?;
        let bay = bay(MORNING.parse().unwrap(), stores).await;
        bay.chn.add_resident(&record(CHILD, CHILD_NAME, CHILD_BIRTH), &photo, bay.now).await.unwrap();
        bay.chn.add_resident(RECORD, &stranger, bay.now).await.unwrap();
        let who = (&number(NUMBER), NAME, "1991-05-06".parse().unwrap());
        let mother = enrol_as(&bay.chn, who, &stranger, bay.now).await.unwrap();
        Some(Self { bay, mother, live, stranger })
    }

    async fn agree(&self) {
        let both = (&number(CHILD), &number(NUMBER));
        self.bay.chn.add_carer(both, CarerGround::Parent, None, self.bay.now).await.unwrap();
    }

    /// The child's pass on the mother's phone.
    pub async fn enrol(&self) -> [u8; 32] {
        self.agree().await;
        enrol_with(&self.bay, THE_CHILD, Some(&self.mother), &self.live).await.unwrap()
    }

    pub async fn asks(&self, session: &[u8; 32]) -> Result<Timestamp, IssueError> {
        let device = SigningKey::generate().unwrap();
        let proof = possession(&device, Chn, Chn, session, self.bay.now).unwrap();
        let keys = [DeviceProof { key: *device.public(), proof }];
        Ok(self.bay.chn.issue(session, &keys, None, self.bay.now).await?.expires)
    }

    async fn opens(&self, session: &[u8; 32]) -> Result<(), SessionError> {
        self.bay.chn.open_session(session, device_thumbprint(), self.bay.now).await.map(drop)
    }

    /// What the exit lane's reason says to a code of this wallet.
    async fn at_the_lane(&self, wallet: &Wallet) -> String {
        ask(&self.bay, wallet, &show(&self.bay, wallet, &self.live), Side::Exit).await.2
    }
}

async fn a_childs_pass_is_on_the_phone_of_a_carer_whom_a_counter_wrote_down_and_on_no_other(
    test: &str,
    stores: [Place; 2],
) {
    let Some(family) = Family::new(test, stores).await else { return };
    let Family { bay, mother, live, stranger } = &family;
    for (case, shown) in [("on their own phone", None), ("on a phone of nobody's carer", Some(mother))] {
        let refused = enrol_with(bay, THE_CHILD, shown, live).await;
        assert!(matches!(refused, Err(EnrolError::CarerNeeded)), "{case}");
    }
    family.agree().await;
    let alone = enrol_with(bay, THE_CHILD, None, live).await;
    assert!(matches!(alone, Err(EnrolError::CarerNeeded)), "the carer did not prove themselves");
    let other = enrol_with(bay, THE_CHILD, Some(mother), stranger).await;
    assert!(matches!(other, Err(EnrolError::Unknown)), "the face is the child's, not the mother's");
    let child = enrol_with(bay, THE_CHILD, Some(mother), live).await.unwrap();

    let own = bay.chn.own_record(&child, bay.now).await.unwrap().carer.unwrap();
    assert_eq!((own.role, own.ground, own.over), (CarerRole::Ward, CarerGround::Parent, None));
    assert_eq!(own.last.to_string(), "2012-03-04".replace("2012", "2026"));
    let carries = bay.chn.own_carers(mother, bay.now).await.unwrap();
    assert_eq!(
        carries.iter().map(|one| (one.id, one.role)).collect::<Vec<_>>(),
        [(own.id, CarerRole::Carer)]
    );
    assert!(bay.chn.own_record(mother, bay.now).await.unwrap().carer.is_none());
    let wallet = token(bay, &child).await;
    assert_eq!(family.at_the_lane(&wallet).await, "face_minor", "the rules of the lane stay as they are");
}

#[tokio::test]
async fn a_childs_pass_is_on_a_carers_phone_alone_over_sqlite() {
    let test = "a_childs_pass_is_on_a_carers_phone_sqlite";
    a_childs_pass_is_on_the_phone_of_a_carer_whom_a_counter_wrote_down_and_on_no_other(
        test,
        in_memory().await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_childs_pass_is_on_a_carers_phone_alone_over_postgresql() {
    let test = "a_childs_pass_is_on_a_carers_phone_postgresql";
    let Some(cluster) = Cluster::start(test).await else { return };
    let stores = cluster.two("carer").await;
    a_childs_pass_is_on_the_phone_of_a_carer_whom_a_counter_wrote_down_and_on_no_other(test, stores).await;
}

async fn whoever_ends_it_every_code_and_credential_is_void_at_once_with_its_reason(
    test: &str,
    stores: [[Place; 2]; 3],
) {
    for (by, stores) in [CarerStop::Ward, CarerStop::Carer, CarerStop::Counter].into_iter().zip(stores) {
        let Some(family) = Family::new(test, stores).await else { return };
        let bay = &family.bay;
        allow(bay, &[ClaimName::Name]);
        let child = family.enrol().await;
        let own = bay.chn.own_record(&child, bay.now).await.unwrap().carer.unwrap();
        let (wallet, frame) = (token(bay, &child).await, identity(bay, &child).await.unwrap());
        let mothers = identity(bay, &family.mother).await.unwrap();
        assert_eq!(at_the_desk(bay, &frame).await, Status::Valid);
        match by {
            CarerStop::Ward => {
                assert_eq!(bay.chn.withdraw_carer(&child, own.id, bay.now).await.unwrap(), by);
            }
            CarerStop::Carer => {
                assert_eq!(bay.chn.withdraw_carer(&family.mother, own.id, bay.now).await.unwrap(), by);
            }
            CarerStop::Counter => {
                assert_eq!(bay.chn.end_carer(&number(CHILD), None, bay.now).await.unwrap(), 1);
            }
        }
        let over = CarerOver::from(by);
        assert_eq!(family.at_the_lane(&wallet).await, "carer_ended", "{by}");
        assert_eq!(at_the_desk(bay, &frame).await, Status::Invalid, "{by}: at hotel, building and library");
        assert_eq!(at_the_desk(bay, &mothers).await, Status::Valid, "{by}: the carer's own pass goes on");
        let none = family.asks(&child).await;
        assert!(matches!(none, Err(IssueError::CarerOver(why)) if why == over), "{by}: {none:?}");
        let shut = family.opens(&child).await;
        assert!(matches!(shut, Err(SessionError::CarerOver(why)) if why == over), "{by}: {shut:?}");
        family.asks(&family.mother).await.unwrap();
        let again = bay.chn.withdraw_carer(&family.mother, own.id, bay.now).await;
        assert!(matches!(again, Err(CarerError::Unknown)), "{by}: it ends once");
        // The counter writes it anew, and the same phone carries the pass again.
        family.enrol().await;
        assert_eq!(family.at_the_lane(&wallet).await, "token_revoked", "{by}: the codes of before stay void");
    }
}

#[tokio::test]
async fn whoever_ends_a_relation_its_codes_are_void_at_once_over_sqlite() {
    let stores = [in_memory().await, in_memory().await, in_memory().await];
    whoever_ends_it_every_code_and_credential_is_void_at_once_with_its_reason("whoever_ends_sqlite", stores)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_ends_a_relation_its_codes_are_void_at_once_over_postgresql() {
    let test = "whoever_ends_a_relation_postgresql";
    let Some(cluster) = Cluster::start(test).await else { return };
    let stores = [cluster.two("ward").await, cluster.two("carer").await, cluster.two("counter").await];
    whoever_ends_it_every_code_and_credential_is_void_at_once_with_its_reason(test, stores).await;
}

#[tokio::test]
async fn a_code_lives_until_the_birthday_and_at_its_midnight_the_pass_is_over() {
    let Some(mut family) = Family::new("a_code_lives_until_the_birthday", in_memory().await).await else {
        return;
    };
    allow(&family.bay, &[ClaimName::Name]);
    family.bay.now = "2026-03-03T10:00:00+08:00".parse().unwrap();
    let birthday: Timestamp = "2026-03-05T00:00:00+08:00".parse().unwrap();
    let child = family.enrol().await;
    assert!(KeyClass::Software.expiry_for(family.bay.now.local_date()) > birthday);
    assert_eq!(family.asks(&child).await.unwrap(), birthday, "a token's life is cut");
    assert_eq!(identity(&family.bay, &child).await.unwrap().expires, birthday, "a credential's too");
    let wallet = token(&family.bay, &child).await;
    family.bay.now = birthday.plus_seconds(-1);
    assert_eq!(family.at_the_lane(&wallet).await, "face_minor");
    family.bay.now = birthday;
    assert_eq!(family.at_the_lane(&wallet).await, "token_expired");
    let none = family.asks(&child).await;
    assert!(matches!(none, Err(IssueError::CarerOver(CarerOver::OfAge))), "{none:?}");
    for round in 0..2 {
        let shut = family.opens(&child).await;
        assert!(matches!(shut, Err(SessionError::CarerOver(CarerOver::OfAge))), "round {round}: {shut:?}");
    }
    // From this day the holder has a pass on a phone of their own.
    enrol_with(&family.bay, THE_CHILD, None, &family.live).await.unwrap();
}

#[tokio::test]
async fn the_mainlands_part_of_a_regions_code_is_judged_by_the_relation_on_the_day_of_the_crossing() {
    let Some((photo, live, stranger)) = photographs("the_mainlands_part") else { return };
    let mut bay = bay("2026-03-03T10:00:00+08:00".parse().unwrap(), in_memory().await).await;
    // A child and a parent of Macao, both with a permit of the mainland's; in Macao a parent's word counts until 18.
    let of = |name: &str, birth: &str, bir: &str, permit: &str| {
        let person = json!({"name": name, "birth": birth, "home": "MAC"});
        let documents = [("macao_bir", bir), ("home_return_permit", permit)]
            .map(|(kind, number)| json!({"kind": kind, "number": number, "expires": "2030-01-01"}));
        (
            json!({"person": person.clone(), "documents": [documents[0]]}).to_string(),
            json!({"person": person, "documents": [documents[1]]}).to_string(),
        )
    };
    let child = (("5123456(7)", "M12345678"), "SPECIMEN LEI", CHILD_BIRTH);
    let parent = (("1234567(8)", "M87654321"), "SPECIMEN LEI PAI", OTHER_BIRTH);
    let mut sessions = Vec::new();
    for (((bir, permit), name, birth), photo, selfie, shown) in
        [(parent, &stranger, &stranger, false), (child, &photo, &live, true)]
    {
        let records = of(name, birth, bir, permit);
        let mut own = Vec::new();
        for (index, (service, record, text)) in
            [(&bay.mac, &records.0, bir), (&bay.chn, &records.1, permit)].into_iter().enumerate()
        {
            service.add_resident(record, photo, bay.now).await.unwrap();
            let holder = if shown {
                let parents = if index == 0 { parent.0.0 } else { parent.0.1 };
                let both = (&number(text), &number(parents));
                service.add_carer(both, CarerGround::Parent, None, bay.now).await.unwrap();
                let of_parent: &Vec<[u8; 32]> = &sessions[0];
                let secret = &of_parent[index];
                Some(service.open_session(secret, device_thumbprint(), bay.now).await.unwrap())
            } else {
                None
            };
            let invitation = service.invite(&number(text), true, bay.now).await.unwrap().code.printed();
            let request = EnrolRequest {
                number: number(text),
                name: name.to_owned(),
                birth: birth.parse().unwrap(),
                mrz: None,
                invitation: Some(invitation),
            };
            let claim = service.read_claim(request, holder, bay.now).unwrap();
            own.push(service.enrol(&claim, device_thumbprint(), selfie, bay.now).await.unwrap().secret);
        }
        sessions.push(own);
    }
    let [at_home, at_chn] = [sessions[1][0], sessions[1][1]];
    let device = SigningKey::generate().unwrap();
    let proof = |authority, session| {
        [DeviceProof {
            key: *device.public(),
            proof: possession(&device, authority, Mac, session, bay.now).unwrap(),
        }]
    };
    let issued = bay.mac.issue(&at_home, &proof(Mac, &at_home), None, bay.now).await.unwrap();
    let of_class = KeyClass::Software.expiry_for(bay.now.local_date());
    assert_eq!(issued.expires, of_class, "the relation stands at home for years");
    let (keys, ends) = (proof(Chn, &at_chn), Some(issued.expires));
    let parts = bay.chn.own_parts(&at_chn, Mac, &keys, (None, ends), bay.now).await;
    let part = parts.unwrap().parts.remove(0);
    let one = issued.tokens.into_iter().next().unwrap();
    let wallet = Wallet { device, token: one.token, own: part, sealed: one.own };
    let list = authority::status_list_number(of_class);
    let signed = bay.mac.status_list(list, bay.now).await.unwrap();
    bay.chn.take_status_list(Mac, list, &signed, bay.now).unwrap();
    bay.now = "2026-03-04T23:59:00+08:00".parse().unwrap();
    for (at, expected) in
        [("2026-03-04T09:00:00+08:00", "face_minor"), ("2026-03-05T00:00:00+08:00", "carer_ended")]
    {
        bay.now = at.parse().unwrap();
        let signed = bay.mac.status_list(list, bay.now).await.unwrap();
        bay.chn.take_status_list(Mac, list, &signed, bay.now).unwrap();
        let shown = show(&bay, &wallet, &live);
        assert_eq!(ask(&bay, &wallet, &shown, Side::Exit).await.2, expected, "at {at}");
    }
}

#[tokio::test]
async fn an_adult_agrees_for_a_year_at_most_and_takes_the_pass_back_on_a_phone_of_their_own() {
    let Some((photo, live, stranger)) = photographs("an_adult_agrees_for_a_year") else { return };
    let mut bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    bay.chn.add_resident(&record(OTHER, OTHER_NAME, OTHER_BIRTH), &stranger, bay.now).await.unwrap();
    let who = (number(OTHER), OTHER_NAME, OTHER_BIRTH.parse().unwrap());
    let carer = enrol_as(&bay.chn, (&who.0, who.1, who.2), &stranger, bay.now).await.unwrap();
    let (ward, other) = (number(NUMBER), number(OTHER));
    let agree = async |ground, until: Option<&str>, now| {
        let until = until.map(|day| day.parse().unwrap());
        bay.chn.add_carer((&ward, &other), ground, until, now).await
    };
    for (ground, until, expected) in [
        (CarerGround::Parent, None, CarerRefusal::WardOfAge),
        (CarerGround::Authorised, None, CarerRefusal::EndMissing),
        (CarerGround::Guardian, Some("2027-03-03"), CarerRefusal::EndTooFar),
    ] {
        let refused = agree(ground, until, bay.now).await;
        assert!(
            matches!(refused, Err(CarerError::Refused(why)) if why == expected),
            "row {ground} {until:?}"
        );
    }
    let unknown =
        bay.chn.add_carer((&ward, &number("CB0000009")), CarerGround::Guardian, None, bay.now).await;
    assert!(matches!(unknown, Err(CarerError::Registry(_))), "the carer is registered too");
    agree(CarerGround::Authorised, Some("2026-03-03"), bay.now).await.unwrap();
    let holder = (NUMBER, NAME, "1991-05-06");
    let session = enrol_with(&bay, holder, Some(&carer), &live).await.unwrap();
    token(&bay, &session).await;

    // The relation is made anew before its end: the pass stays where it is.
    let renewed = bay.now.plus_seconds(86_400);
    agree(CarerGround::Authorised, Some("2026-04-10"), renewed).await.unwrap();
    let all = bay.chn.carers_of(&ward, renewed).await.unwrap();
    let stand = all.iter().filter(|one| one.over.is_none()).count();
    assert_eq!((all.len(), stand), (2, 1), "one stands, the earlier one is kept with its end");
    let later = renewed.plus_seconds(86_400);
    assert!(later > "2026-03-04T00:00:00+08:00".parse().unwrap(), "after the end of the first one");
    bay.chn.open_session(&session, device_thumbprint(), later).await.unwrap();

    // Back on the holder's own phone, what was on the carer's is void.
    bay.now = later;
    let own = enrol_with(&bay, holder, None, &live).await.unwrap();
    assert!(bay.chn.own_record(&own, bay.now).await.unwrap().carer.is_none());
    let earlier = bay.chn.open_session(&session, device_thumbprint(), bay.now).await;
    assert!(matches!(earlier, Err(SessionError::NoPass)));
    let code = token(&bay, &own).await;
    assert_eq!(ask(&bay, &code, &show(&bay, &code, &live), Side::Exit).await.2, "admitted");
}

/// An adult with a pass on a phone of their own, and an application for it on the phone of a carer, which waits.
struct Waiting {
    bay: Bay,
    own: [u8; 32],
    carer: [u8; 32],
    waits: [u8; 32],
    due: Timestamp,
}

impl Waiting {
    async fn new(test: &str, (until, stores): (&str, [Place; 2])) -> Option<Self> {
        let (photo, live, stranger) = photographs(test)?;
        let bay = bay(MORNING.parse().unwrap(), stores).await;
        bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
        bay.chn.add_resident(&record(OTHER, OTHER_NAME, OTHER_BIRTH), &stranger, bay.now).await.unwrap();
        let (of_carer, holder) = ((OTHER, OTHER_NAME, OTHER_BIRTH), (NUMBER, NAME, "1991-05-06"));
        let carer = enrol_with(&bay, of_carer, None, &stranger).await.unwrap();
        let own = enrol_with(&bay, holder, None, &live).await.unwrap();
        agree_until(&bay, until).await;
        let enrolled = apply(&bay, holder, (Some(&carer), false), &live).await.unwrap();
        let due = enrolled.waits_until.expect("the pass on the holder's own phone may object");
        Some(Self { bay, own, carer, waits: enrolled.secret, due })
    }

    async fn opens(&self, secret: &[u8; 32]) -> Result<(), SessionError> {
        self.bay.chn.open_session(secret, device_thumbprint(), self.due).await.map(drop)
    }
}

async fn agree_until(bay: &Bay, until: &str) {
    let both = (&number(NUMBER), &number(OTHER));
    let until = Some(until.parse().unwrap());
    bay.chn.add_carer(both, CarerGround::Authorised, until, bay.now).await.unwrap();
}

async fn an_enrolment_that_waits_on_a_carers_phone_waits_no_longer_than_the_relation_stands(
    test: &str,
    stores: [[Place; 2]; 4],
) {
    let [by_ward, by_date, by_officer, lost] = stores;
    let Some(waiting) = Waiting::new(test, ("2026-06-30", by_ward)).await else { return };
    let id = waiting.bay.chn.own_carers(&waiting.own, waiting.bay.now).await.unwrap()[0].id;
    waiting.bay.chn.withdraw_carer(&waiting.own, id, waiting.bay.now).await.unwrap();
    let shut = waiting.opens(&waiting.waits).await;
    assert!(matches!(shut, Err(SessionError::CarerOver(CarerOver::ByWard))), "withdrawn: {shut:?}");
    waiting.opens(&waiting.own).await.expect("the pass stays where it is");

    let waiting = Waiting::new(test, ("2026-03-03", by_date)).await.unwrap();
    assert!(waiting.due > "2026-03-04T00:00:00+08:00".parse().unwrap(), "it is due after the last day");
    for round in 0..2 {
        let shut = waiting.opens(&waiting.waits).await;
        assert!(
            matches!(shut, Err(SessionError::CarerOver(CarerOver::DateOver))),
            "its last day is over, round {round}: {shut:?}"
        );
    }
    waiting.opens(&waiting.own).await.expect("the pass stays where it is");

    let waiting = Waiting::new(test, ("2026-03-03", by_officer)).await.unwrap();
    for round in 0..2 {
        let decided =
            waiting.bay.chn.decide_second_enrolment(&number(NUMBER), Decided::Accepted, waiting.due).await;
        assert!(matches!(decided, Err(PendingError::NothingWaits)), "round {round}: {decided:?}");
    }
    assert!(waiting.bay.chn.second_enrolments(waiting.bay.now).await.unwrap().is_empty());
    waiting.opens(&waiting.own).await.expect("the pass stays where it is");

    let waiting = Waiting::new(test, ("2026-06-30", lost)).await.unwrap();
    waiting.bay.chn.end_pass(&number(OTHER), waiting.bay.now).await.unwrap();
    let shut = waiting.opens(&waiting.waits).await;
    assert!(matches!(shut, Err(SessionError::NoPass)), "the carer's phone is lost: {shut:?}");
    waiting.opens(&waiting.own).await.expect("the pass stays where it is");
    assert!(waiting.opens(&waiting.carer).await.is_err());
}

#[tokio::test]
async fn an_enrolment_waits_no_longer_than_its_relation_stands_over_sqlite() {
    let stores = [in_memory().await, in_memory().await, in_memory().await, in_memory().await];
    let test = "an_enrolment_waits_no_longer_sqlite";
    an_enrolment_that_waits_on_a_carers_phone_waits_no_longer_than_the_relation_stands(test, stores).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_waits_no_longer_than_its_relation_stands_over_postgresql() {
    let test = "an_enrolment_waits_no_longer_postgresql";
    let Some(cluster) = Cluster::start(test).await else { return };
    let stores = [
        cluster.two("by_ward").await,
        cluster.two("by_date").await,
        cluster.two("by_officer").await,
        cluster.two("lost").await,
    ];
    an_enrolment_that_waits_on_a_carers_phone_waits_no_longer_than_the_relation_stands(test, stores).await;
}

#[tokio::test]
async fn an_enrolment_that_waits_goes_over_to_the_relation_that_is_made_anew() {
    let test = "an_enrolment_that_waits_goes_over";
    let Some(waiting) = Waiting::new(test, ("2026-03-03", in_memory().await)).await else { return };
    agree_until(&waiting.bay, "2026-06-30").await;
    waiting.opens(&waiting.waits).await.unwrap();
    let carried = waiting.bay.chn.own_record(&waiting.waits, waiting.due).await.unwrap().carer.unwrap();
    assert_eq!((carried.over, carried.last.to_string().as_str()), (None, "2026-06-30"));
    assert!(matches!(waiting.opens(&waiting.own).await, Err(SessionError::NoPass)));
}

#[tokio::test]
async fn a_ward_gets_nothing_while_the_carers_own_pass_is_elsewhere_or_ended() {
    let Some(family) = Family::new("a_ward_gets_nothing", in_memory().await).await else { return };
    let bay = &family.bay;
    let child = family.enrol().await;
    let wallet = token(bay, &child).await;
    // The mother moves to a new phone.
    let phone = SigningKey::generate().unwrap();
    let thumbprint = credential::dpop::DpopThumbprint::of(phone.public()).unwrap();
    let invitation = bay.chn.invite(&number(NUMBER), true, bay.now).await.unwrap().code.printed();
    let who = (&number(NUMBER), NAME, "1991-05-06".parse().unwrap());
    let claim = crate::bay::claim(&bay.chn, who, Some(invitation), bay.now).unwrap();
    bay.chn.enrol(&claim, thumbprint, &family.stranger, bay.now).await.unwrap();
    assert!(matches!(family.asks(&child).await, Err(IssueError::CarerAway)));
    // Her phone is lost: her pass ends, and with it what was on that phone. The relation stands.
    bay.chn.end_pass(&number(NUMBER), bay.now).await.unwrap();
    assert_eq!(family.at_the_lane(&wallet).await, "pass_ended");
    assert!(matches!(family.opens(&child).await, Err(SessionError::NoPass)));
    let stands = bay.chn.carers_of(&number(CHILD), bay.now).await.unwrap();
    assert_eq!(stands.iter().map(|one| one.over).collect::<Vec<_>>(), [None]);
    let mother = enrol_as(&bay.chn, who, &family.stranger, bay.now).await.unwrap();
    let again = enrol_with(bay, THE_CHILD, Some(&mother), &family.live).await.unwrap();
    family.asks(&again).await.unwrap();
    // Whoever is carried carries nobody.
    let both = (&number(NUMBER), &number(CHILD));
    let refused = bay.chn.add_carer(both, CarerGround::Authorised, Some(bay.now.local_date()), bay.now).await;
    assert!(matches!(refused, Err(CarerError::Refused(CarerRefusal::CarerTooYoung))));
    // An erased carer leaves no relation that stands.
    bay.chn.erase(&number(NUMBER), bay.now).await.unwrap();
    let over = bay.chn.carers_of(&number(CHILD), bay.now).await.unwrap();
    assert!(over.iter().all(|one| one.over == Some(CarerOver::AtCounter)), "{}", over.len());
    assert!(matches!(family.asks(&again).await, Err(IssueError::NoPass)), "the pass ended before it");
}

#[tokio::test]
async fn risk_rules_except_residents_on_one_phone_exactly_where_a_relation_stands() {
    let rules = "name = \"shared\"\n[[rule]]\nid = \"shared\"\nsays = \"A rule of this test.\"\ndoubt = \"whose_phone\"\n\
                 harm = \"medium\"\nwhen = \"undeclared_residents_on_device >= 1\"\n[[rule.case]]\nsays = \"one\"\nholds = true\n\
                 signals = { undeclared_residents_on_device = 1 }\n[[rule.case]]\nsays = \"none\"\nholds = false\n\
                 signals = { undeclared_residents_on_device = 0 }\n";
    for (related, expected) in [(true, "admitted"), (false, "risk_check")] {
        let Some((photo, live, stranger)) = photographs("risk_rules_except_residents") else { return };
        let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
        bring(&bay, 2, rules).await;
        bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
        bay.chn.add_resident(&record(OTHER, OTHER_NAME, OTHER_BIRTH), &stranger, bay.now).await.unwrap();
        let who = (number(OTHER), OTHER_NAME, OTHER_BIRTH.parse().unwrap());
        let carer = enrol_as(&bay.chn, (&who.0, who.1, who.2), &stranger, bay.now).await.unwrap();
        let holder = (NUMBER, NAME, "1991-05-06");
        let session = if related {
            let until = Some("2026-06-30".parse().unwrap());
            let both = (&number(NUMBER), &number(OTHER));
            bay.chn.add_carer(both, CarerGround::Authorised, until, bay.now).await.unwrap();
            enrol_with(&bay, holder, Some(&carer), &live).await.unwrap()
        } else {
            enrol_with(&bay, holder, None, &live).await.unwrap()
        };
        let code = token(&bay, &session).await;
        let shown = show(&bay, &code, &live);
        let mut verdicts = Vec::new();
        for side in [Side::Exit, Side::Entry] {
            let (signed, _, reason) = ask(&bay, &code, &shown, side).await;
            assert_eq!(reason, "admitted", "{side:?}");
            verdicts.push(signed);
        }
        pass(&bay, &shown, 1, [0; 32], &[&verdicts[0], &verdicts[1]]).await;
        let code = token(&bay, &carer).await;
        let (_, _, reason) = ask(&bay, &code, &show(&bay, &code, &stranger), Side::Exit).await;
        assert_eq!(reason, expected, "a relation: {related}");
    }
}

#[tokio::test]
async fn wallets_and_counters_end_a_relation_at_their_doors_and_the_wallet_is_told_why() {
    let Some(family) = Family::new("wallets_and_counters_end", in_memory().await).await else { return };
    let chn = Door::open(&family.bay.chn, &family.bay).await;
    let officer = Some(OFFICER);
    let document = |number: &str| json!({ "kind": "exit_entry_permit", "number": number });
    let ward = document(CHILD);
    let wanted = json!({ "ward": ward, "carer": document(NUMBER), "ground": "parent" });
    let mother = b64(&family.mother);
    let enrols = async || {
        let invitation = family.bay.chn.invite(&number(CHILD), true, family.bay.now).await.unwrap();
        let claim = json!({ "document": ward, "name": CHILD_NAME, "birth": CHILD_BIRTH,
                            "invitation": invitation.code.printed() });
        let begun =
            chn.send_by(&DEVICE, "POST", "/v1/enrolments", Some(&mother), &claim).await.is(201).json();
        let path = format!("/v1/enrolments/{}/frames", begun["id"].as_str().unwrap());
        let frames = json!({ "frames": [{ "at_ms": 0, "picture": b64(&family.live) }] });
        chn.send_by(&DEVICE, "POST", &path, None, &frames).await
    };
    chn.problem(&enrols().await, "frames", "carer_needed");
    let young = json!({ "ward": document(NUMBER), "carer": ward, "ground": "guardian" });
    let refused = chn.post("/v1/residents/carers", officer, &young).await;
    chn.problem(&refused, "add_carer", "carer_refused");
    let none = chn.post("/v1/residents/carers/end", officer, &json!({ "ward": ward })).await;
    chn.problem(&none, "end_carer", "unknown_carer");

    for (by, code) in [("carer", "carer_withdrawn"), ("ward", "carer_withdrawn"), ("counter", "carer_ended")]
    {
        chn.post("/v1/residents/carers", officer, &wanted).await.is(201);
        let secret = enrols().await.is(201).json()["secret"].as_str().unwrap().to_owned();
        let own = chn.get("/v1/pass", Some(&secret)).await.is(200);
        tells_nothing(&own.text());
        let own = own.json()["carer"].clone();
        assert_eq!((&own["role"], &own["last"]), (&json!("ward"), &json!("2026-03-04")));
        let carries = chn.get("/v1/carers", Some(&mother)).await.is(200).json();
        let open: Vec<_> = carries["carers"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["over"].is_null())
            .cloned()
            .collect();
        assert_eq!((open.len(), &open[0]["id"], &open[0]["role"]), (1, &own["id"], &json!("carer")));
        let path = format!("/v1/carers/{}", own["id"].as_str().unwrap());
        let null = serde_json::Value::Null;
        match by {
            "carer" => drop(chn.send("DELETE", &path, Some(&mother), &null).await.is(204)),
            "ward" => drop(chn.send("DELETE", &path, Some(&secret), &null).await.is(204)),
            _ => {
                let ended = chn.post("/v1/residents/carers/end", officer, &json!({ "ward": ward })).await;
                assert_eq!(ended.is(200).json(), json!({ "ended": 1 }));
            }
        }
        chn.problem(&chn.get("/v1/pass", Some(&secret)).await, "own_pass", code);
        let again = chn.send("DELETE", &path, Some(&mother), &null).await;
        chn.problem(&again, "withdraw_carer", "unknown_carer");
    }
    let list =
        chn.post("/v1/residents/carers/list", officer, &json!({ "document": ward })).await.is(200).json();
    let over: Vec<_> =
        list["carers"].as_array().unwrap().iter().map(|one| one["over"].as_str().unwrap()).collect();
    for why in ["withdrawn_by_carer", "withdrawn_by_ward", "ended_at_counter"] {
        assert_eq!(over.iter().filter(|over| **over == why).count(), 1, "{why}");
    }
    let rubbish = chn.send("DELETE", "/v1/carers/AAAA", Some(&mother), &serde_json::Value::Null).await;
    chn.problem(&rubbish, "withdraw_carer", "unknown_carer");
    let acts = chn.get("/v1/officers/acts", officer).await.is(200).text();
    for deed in ["add_carer", "end_carer", "read_carers"] {
        assert!(acts.contains(deed), "{deed} stands in the record");
    }
}

#[tokio::test]
async fn a_relation_is_kept_three_years_after_its_end_and_names_nobody_in_the_file() {
    let stores = in_memory().await;
    let pool = stores[0].store.pool().clone();
    let Some(family) = Family::new("a_relation_is_kept_three_years", stores).await else { return };
    let bay = &family.bay;
    family.enrol().await;
    let row = sqlx::query("SELECT carer_tag, sealed, ended_at FROM carer").fetch_one(&pool).await.unwrap();
    let (tag, sealed): (Vec<u8>, Vec<u8>) = (sqlx::Row::get(&row, 0), sqlx::Row::get(&row, 1));
    let keys = sqlx::query("SELECT person_key FROM person").fetch_all(&pool).await.unwrap();
    for key in keys.iter().map(|row| sqlx::Row::get::<Vec<u8>, _>(row, 0)) {
        assert!(
            !tag.windows(16).chain(sealed.windows(16)).any(|at| at == key),
            "who carries is in no column"
        );
    }
    for text in ["parent", "2026-03-05", "of_age"] {
        assert!(!sealed.windows(text.len()).any(|at| at == text.as_bytes()), "{text} is sealed");
    }
    let left = async || {
        let row = sqlx::query("SELECT COUNT(*), SUM(ended_at) FROM carer").fetch_one(&pool).await.unwrap();
        (sqlx::Row::get::<i64, _>(&row, 0), sqlx::Row::get::<i64, _>(&row, 1))
    };
    // Nobody asks on the birthday: the daily job notices it, and ends the pass.
    let birthday: Timestamp = "2026-03-05T00:00:00+08:00".parse().unwrap();
    bay.chn.enforce_retention(birthday.plus_seconds(-3600)).await.unwrap().unwrap();
    assert_eq!(left().await, (1, 0));
    bay.chn.enforce_retention(birthday.plus_seconds(86_400)).await.unwrap().unwrap();
    assert_eq!(left().await, (1, birthday.plus_seconds(86_400).unix()));
    let days = |days: i64| birthday.plus_seconds((days + 1) * 86_400);
    bay.chn.enforce_retention(days(authority::retention::CARER_DAYS)).await.unwrap().unwrap();
    assert_eq!(left().await.0, 1);
    bay.chn.enforce_retention(days(authority::retention::CARER_DAYS + 1)).await.unwrap().unwrap();
    let row = sqlx::query("SELECT COUNT(*) FROM carer").fetch_one(&pool).await.unwrap();
    assert_eq!(sqlx::Row::get::<i64, _>(&row, 0), 0);
}
