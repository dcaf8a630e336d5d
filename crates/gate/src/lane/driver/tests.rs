//! The driver between fakes: every command is carried out, every wait has its limit. The timer of these tests is over at
//! once where nothing else happens, and notes how long it would have taken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use clearance::{
    ASK_SECONDS, Answer, DOOR_SECONDS, Digest, MEASURES_SECONDS, Request, ReservationId, Subject,
};
use credential::TokenId;
use documents::{Direction, Measure, Timestamp};

use super::*;
use crate::clock::FixedClock;
use crate::devices::door::DoorError;
use crate::lane::time::{Sleep, Timer};

fn now() -> Timestamp {
    Timestamp::from_unix(1_800_000_000).unwrap()
}

fn place() -> Place {
    let direction = Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap();
    let sides = Sides::Both { exit: (), entry: () };
    Place { lane: "lane-1".parse().unwrap(), port: "hengqin".parse().unwrap(), direction, sides }
}

fn id() -> ClearanceId {
    ClearanceId::from_bytes([1; 16])
}

fn prepared(number: u8) -> PreparedRound {
    let request = |n: u8| Request {
        part: Digest::from_bytes([n; 32]),
        hash: Digest::from_bytes([10 * number + n; 32]),
    };
    let requests = Sides::Both { exit: request(1), entry: request(2) };
    let subject = Subject {
        clearance: id(),
        place: place(),
        token: TokenId::from_bytes([2; 16]),
        shown_at: now(),
        probe: Digest::from_bytes([3; 32]),
    };
    // The body stands for the request, so that the fake authority knows what it answers.
    let bodies = requests.map(|_, request| request.hash.as_bytes().to_vec());
    PreparedRound { round: Round::new(subject, requests).unwrap(), bodies }
}

/// What a fake does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Well,
    Fails,
    Never,
    Verify,
}

/// Everything around the driver. What happens is written into `log`, in order.
struct World {
    log: Mutex<Vec<String>>,
    first: Result<(), NoRound>,
    again: Does,
    asked: [Does; 2],
    door: Result<Passage, Does>,
    asking: Does,
    passage: Does,
    leaves: bool,
    /// In which round an officer refuses.
    refuses: Option<usize>,
}

impl World {
    fn new() -> Self {
        Self {
            log: Mutex::default(),
            first: Ok(()),
            again: Does::Well,
            asked: [Does::Well; 2],
            door: Ok(Passage::Passed),
            asking: Does::Well,
            passage: Does::Well,
            leaves: false,
            refuses: None,
        }
    }

    fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    fn record(&self, what: &str, does: Does) -> Result<(), StoreError> {
        self.note(what);
        if does == Does::Fails { Err(StoreError::Full) } else { Ok(()) }
    }

    /// Gives the report, what happened, and the longest wait in seconds that ran out.
    async fn run(self) -> (Report, Vec<String>, u64) {
        let clock = FixedClock(now());
        let timer = TestTimer::default();
        let time = LaneTime::new(&clock, &timer);
        let driver = Driver {
            records: &self,
            authorities: &self,
            door: &mut TestDoor(&self),
            screen: &mut TestScreen(&self),
            rounds: &mut TestRounds(&self, 1),
            time: &time,
            watch: &Still,
            report: Report::new(id()),
        };
        let report = driver.drive(id(), place()).await;
        (report, self.log.into_inner().unwrap(), timer.longest.load(Ordering::SeqCst))
    }
}

/// Over at once.
#[derive(Default)]
struct TestTimer {
    longest: Arc<AtomicU64>,
}

impl Timer for TestTimer {
    fn sleep(&self, long: Duration) -> Sleep {
        let longest = Arc::clone(&self.longest);
        Box::pin(async move {
            longest.fetch_max(long.as_secs(), Ordering::SeqCst);
        })
    }
}

struct Still;

impl Stopwatch for Still {
    fn millis(&self) -> f64 {
        0.0
    }
}

impl Records for World {
    async fn record_asking(&self, _: &AskingRecord) -> Result<(), StoreError> {
        self.record("asking", self.asking)
    }

    async fn record_opening(&self, _: &OpeningRecord) -> Result<(), StoreError> {
        self.record("opening", Does::Well)
    }

    async fn record_passage(&self, record: &PassageRecord) -> Result<(), StoreError> {
        self.record(record.passage.code(), self.passage)
    }

    fn tell(&self, authority: AuthorityCode, told: Told) {
        self.note(format!("tell {authority} {}", told.passage.code()));
    }
}

impl Authorities for World {
    async fn ask(&self, side: Side, authority: AuthorityCode, body: Vec<u8>) -> Result<Signed, GateReason> {
        self.note(format!("ask {side}"));
        let [exit, entry] = self.asked;
        let first_round = body[0] < 20;
        let answer = match if side == Side::Exit { exit } else { entry } {
            Does::Verify if first_round => {
                Answer::Verify { measures: Measures::new([Measure::Pin]).unwrap() }
            }
            Does::Well | Does::Verify => Answer::Admit { reservation: ReservationId::from_bytes([4; 16]) },
            Does::Fails => return Err(GateReason::VerdictSignature),
            Does::Never => std::future::pending().await,
        };
        let hash: [u8; 32] = body.try_into().unwrap();
        let verdict = Verdict {
            authority,
            side,
            request: Digest::from_bytes(hash),
            answer,
            valid_until: now().plus_seconds(60),
            hash: Digest::from_bytes(hash),
        };
        Ok((verdict, [7; 16]))
    }
}

struct TestDoor<'w>(&'w World);

impl Door for TestDoor<'_> {
    async fn open(&mut self, _: ClearanceId) -> Result<Passage, DoorError> {
        self.0.note("door");
        match self.0.door {
            Ok(passage) => Ok(passage),
            Err(Does::Never) => std::future::pending().await,
            Err(Does::Well | Does::Fails | Does::Verify) => Err(DoorError::Answer),
        }
    }
}

struct TestScreen<'w>(&'w World);

impl Screen for TestScreen<'_> {
    fn show(&mut self, sentence: Sentence) {
        self.0.note(format!("show {}", sentence.key()));
    }

    fn refused(&self) -> bool {
        let log = self.0.log.lock().unwrap();
        let measured = log.iter().filter(|what| what.starts_with("measures")).count();
        self.0.refuses == Some(1 + measured)
    }

    async fn departed(&mut self) {
        // Once the asking is written; before, and where nobody leaves, never.
        if !self.0.leaves || !self.0.log.lock().unwrap().iter().any(|what| what == "asking") {
            std::future::pending::<()>().await;
        }
    }
}

struct TestRounds<'w>(&'w World, u8);

impl Rounds for TestRounds<'_> {
    async fn first(&mut self) -> Result<PreparedRound, NoRound> {
        self.0.first.map(|()| prepared(self.1))
    }

    async fn again(&mut self, wanted: Measures) -> Result<PreparedRound, NoRound> {
        self.0.note(format!("measures {:?}", wanted.numbers()));
        match self.0.again {
            Does::Well | Does::Verify => {
                self.1 += 1;
                Ok(prepared(self.1))
            }
            Does::Fails => Err(NoRound::Failed(GateReason::MeasuresNotTaken)),
            Does::Never => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn every_command_is_carried_out_in_its_order() {
    let (report, log, seconds) = World { asked: [Does::Well, Does::Verify], ..World::new() }.run().await;
    assert_eq!((report.passage, report.reason, report.sentence), (Passage::Passed, None, "go_through"));
    assert_eq!(
        log,
        [
            "show please_wait",
            "asking",
            "ask exit",
            "ask entry",
            "show further_check",
            "measures [1]",
            "show please_wait",
            "ask entry",
            "opening",
            "show go_through",
            "door",
            "passed",
            "tell MAC passed",
            "tell CHN passed",
        ]
    );
    assert_eq!((seconds, report.verdicts.len(), report.open_measures), (0, 2, None));
}

#[tokio::test]
async fn every_wait_ends_in_its_time_even_where_the_clock_stands_still() {
    let limit = |seconds: i64| seconds.unsigned_abs();
    for (row, world, seconds, passage, reason) in [
        (
            "an authority never answers",
            World { asked: [Does::Well, Does::Never], ..World::new() },
            limit(ASK_SECONDS),
            Passage::NotPassed,
            GateReason::AuthoritySilent,
        ),
        (
            "measures are never done",
            World { asked: [Does::Well, Does::Verify], again: Does::Never, ..World::new() },
            limit(MEASURES_SECONDS),
            Passage::NotPassed,
            GateReason::MeasuresNotTaken,
        ),
        (
            "the door never says anything",
            World { door: Err(Does::Never), ..World::new() },
            limit(DOOR_SECONDS),
            Passage::Unknown,
            GateReason::DoorSilent,
        ),
    ] {
        let (report, log, took) = world.run().await;
        assert_eq!((took, report.passage, report.reason), (seconds, passage, Some(reason)), "{row}");
        assert_eq!((report.officer, report.sentence), (true, "see_officer"), "{row}");
        let told = format!("tell CHN {}", passage.code());
        assert_eq!(log.last(), Some(&told), "{row}: {log:?}");
    }
}

#[tokio::test]
async fn a_failed_check_is_said_to_the_traveller_and_asks_nobody() {
    for (first, reason, shown, officer) in [
        (NoRound::Failed(GateReason::ProofStale), GateReason::ProofStale, "show_fresh_code", false),
        (NoRound::Failed(GateReason::TokenRevoked), GateReason::TokenRevoked, "see_officer", true),
        (NoRound::Refused, GateReason::SessionEnded, "see_officer", true),
        (NoRound::Left, GateReason::SessionEnded, "welcome", false),
    ] {
        let (report, log, _) = World { first: Err(first), ..World::new() }.run().await;
        assert_eq!((report.reason, report.officer), (Some(reason), officer), "{first:?}");
        assert_eq!((log, report.sentence), (vec![format!("show {shown}")], shown), "{first:?}");
    }
}

#[tokio::test]
async fn a_refusal_by_an_officer_while_the_face_is_looked_at_asks_nobody() {
    let (report, log, _) = World { refuses: Some(1), ..World::new() }.run().await;
    assert_eq!((report.reason, report.officer), (Some(GateReason::SessionEnded), true));
    assert_eq!(log, ["show see_officer"]);
}

#[tokio::test]
async fn a_refusal_by_an_officer_while_measures_are_taken_asks_nobody_again() {
    let world = World { asked: [Does::Well, Does::Verify], refuses: Some(2), ..World::new() };
    let (report, log, _) = world.run().await;
    assert_eq!((report.passage, report.reason), (Passage::NotPassed, Some(GateReason::MeasuresNotTaken)));
    assert_eq!((report.officer, report.sentence), (true, "see_officer"));
    assert_eq!(log.iter().filter(|what| what.starts_with("ask ")).count(), 2, "{log:?}");
    assert!(!log.contains(&"door".to_owned()), "{log:?}");
}

#[tokio::test]
async fn whoever_leaves_while_the_authorities_are_asked_ends_the_crossing() {
    let (report, log, _) = World { asked: [Does::Never; 2], leaves: true, ..World::new() }.run().await;
    assert_eq!((report.passage, report.sentence), (Passage::NotPassed, "welcome"));
    let end = ["show welcome", "not_passed", "tell MAC not_passed", "tell CHN not_passed"];
    assert!(log.ends_with(&end.map(str::to_owned)), "{log:?}");
    assert!(!log.contains(&"door".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_written_is_not_done_and_not_told() {
    let (report, log, _) = World { asking: Does::Fails, ..World::new() }.run().await;
    assert_eq!(report.reason, Some(GateReason::RecordFailed));
    assert_eq!(log, ["show please_wait", "asking", "show see_officer"]);

    let (report, log, _) = World { passage: Does::Fails, ..World::new() }.run().await;
    assert_eq!((report.reason, report.passage), (Some(GateReason::RecordFailed), Passage::Passed));
    assert_eq!(log.iter().filter(|what| *what == "passed").count(), 3, "it is tried a few times: {log:?}");
    assert!(!log.iter().any(|what| what.starts_with("tell")), "{log:?}");
}

#[tokio::test]
async fn a_door_that_fails_is_an_unknown_passage_and_a_bad_verdict_opens_nothing() {
    let (report, _, _) = World { door: Err(Does::Fails), ..World::new() }.run().await;
    assert_eq!((report.passage, report.reason), (Passage::Unknown, Some(GateReason::DoorSilent)));
    let (report, log, _) = World { asked: [Does::Fails, Does::Well], ..World::new() }.run().await;
    assert_eq!((report.passage, report.reason), (Passage::NotPassed, Some(GateReason::VerdictSignature)));
    assert!(!log.contains(&"door".to_owned()) && !log.contains(&"opening".to_owned()), "{log:?}");
}
