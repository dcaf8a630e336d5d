//! The queue under faults: a stop at any await, a register that is away, answers that are lost.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::task::Poll;

use venue::profile::Field;

use crate::desk::*;
use crate::hotel::typed;

/// Lets a future go on until it has waited so many times, and drops it there; its value where it ended before.
async fn stopped_after<T>(waits: usize, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut left) = (pin!(future), waits);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => {
                left -= 1;
                if left == 0 { Poll::Ready(None) } else { Poll::Pending }
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_in_that_is_stopped_at_any_await_is_there_once_or_not_at_all() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    let mut ended = false;
    let mut stops = 0;
    for polls in 0..400_usize {
        let id = u8::try_from(polls % 250).unwrap();
        let arrivals = party(id, vec![line(1, with_pass(u32::try_from(polls).unwrap()))]);
        if stopped_after(polls, desk.hotel.check_in(&arrivals, &clerk(), now())).await.is_some() {
            ended = true;
        } else {
            stops += 1;
        }
        // The clerk tries again; the desk was restarted in between.
        let again = desk.again().await;
        let answers = again.check_in(&arrivals, &clerk(), now()).await.unwrap();
        let id = id_of(&answers, 1);
        let record = again.see(id, &clerk(), venue::store::Act::See, now()).await.unwrap();
        assert_eq!(record.reports.len(), 1, "stopped after {polls} polls");
        if ended {
            break;
        }
    }
    // How often it waits depends on how soon the database answers.
    assert!(ended && stops > 2, "it was stopped at {stops} awaits");
    desk.courier(&client).round(now()).await.unwrap();
    assert_eq!(register.taken().len(), stops + 1, "each guest once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_courier_that_is_stopped_at_any_await_sends_each_record_once() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    let mut at = now();
    for polls in 0..400_usize {
        let n = u32::try_from(polls).unwrap();
        let both = vec![line(1, with_pass(n)), line(2, with_pass(1000 + n))];
        let answers =
            desk.hotel.check_in(&party(u8::try_from(polls % 250).unwrap(), both), &clerk(), at).await;
        let id = id_of(&answers.unwrap(), 1);
        desk.hotel.change_room(id, "1".parse().unwrap(), &clerk(), at).await.unwrap();
        let ended = stopped_after(polls, desk.courier(&client).round(at)).await.is_some();
        at = at.plus_seconds(3600);
        let courier = venue::police::Courier::new(desk.again().await.store().clone(), client.clone());
        courier.round(at).await.unwrap();
        assert_eq!(register.taken().len(), 3 * (polls + 1), "stopped after {polls} polls");
        if ended {
            assert!(polls > 2, "{polls}");
            return;
        }
    }
    panic!("it never ended");
}

#[tokio::test]
async fn answers_that_are_lost_on_the_way_make_no_second_record() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    register.switch(|switches| switches.lose_answers = 3);
    let arrivals = (0..5).map(|n| line(n, with_pass(u32::from(n)))).collect();
    desk.hotel.check_in(&party(1, arrivals), &clerk(), now()).await.unwrap();
    let mut at = now();
    for _ in 0..3 {
        let round = desk.courier(&client).round(at).await.unwrap();
        assert_eq!((round.sent, round.fault.unwrap().code()), (0, "register_status"));
        assert_eq!(
            desk.courier(&client).round(at).await.unwrap().put_off,
            0,
            "not asked again before the pause is over"
        );
        at = desk.courier(&client).next().await.unwrap().unwrap();
    }
    assert_eq!(desk.courier(&client).round(at).await.unwrap().sent, 5);
    assert_eq!(register.taken().len(), 5);
}

#[tokio::test]
async fn a_register_that_is_away_for_a_day_gets_everything_in_order_when_it_is_back() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    register.switch(|switches| switches.down = true);
    let mut at = now();
    for n in 0..12_u8 {
        let arrivals = party(n, vec![by_card(1, &format!("LI {n}"))]);
        let answers = desk.hotel.check_in(&arrivals, &clerk(), at).await.unwrap();
        desk.courier(&client).round(at).await.unwrap();
        at = at.plus_seconds(7200);
        if n % 3 == 0 {
            let id = id_of(&answers, 1);
            desk.hotel.correct(id, &typed(Field::Name, &format!("LEE {n}")), &clerk(), at).await.unwrap();
        }
    }
    let requests = register.requests();
    assert!(requests < 40, "{requests} requests to a register that is down");
    register.switch(|switches| switches.down = false);
    at = at.plus_seconds(601);
    assert_eq!(desk.courier(&client).round(at).await.unwrap().sent, 16);
    let taken = register.taken();
    assert_eq!(taken.iter().filter(|taken| taken.kind == "in").count(), 12);
    for taken in taken.iter().filter(|taken| taken.kind == "correct") {
        assert!(taken.receipt > taken.of, "a correction comes after its arrival");
    }
}

#[tokio::test]
async fn the_same_key_with_another_body_is_set_aside_for_a_clerk() {
    let (_, client) = register().await;
    let desk = Desk::new("mainland").await;
    let answers = desk.hotel.check_in(&party(1, vec![by_card(1, "LI NA")]), &clerk(), now()).await.unwrap();
    let id = id_of(&answers, 1);
    let record = desk.hotel.see(id, &clerk(), venue::store::Act::See, now()).await.unwrap();
    client.arrival(record.reports[0].id, br#"{"room":"another"}"#).await.unwrap();
    assert_eq!(desk.courier(&client).round(now()).await.unwrap().refused, 1);
    let record = desk.hotel.see(id, &clerk(), venue::store::Act::See, now()).await.unwrap();
    let venue::store::report::ReportState::Refused { answer } = &record.reports[0].state else { panic!() };
    assert!(answer.contains("key_with_other_body"));
    // Whatever is wrong, a correction sends a new record.
    desk.hotel.correct(id, &typed(Field::Name, "LEE NA"), &clerk(), now()).await.unwrap();
    assert_eq!(desk.courier(&client).round(now()).await.unwrap().sent, 1);
}

#[tokio::test]
async fn a_register_that_is_down_is_asked_once_in_a_pause_however_much_waits() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    register.switch(|switches| switches.down = true);
    for n in 0..3 {
        let arrivals = (0..80).map(|at| line(at, with_pass(u32::from(n) * 100 + u32::from(at)))).collect();
        desk.hotel.check_in(&party(n, arrivals), &clerk(), now()).await.unwrap();
    }
    let courier = desk.courier(&client);
    let round = courier.round(now()).await.unwrap();
    assert_eq!((round.put_off, round.fault.unwrap().code()), (100, "register_down"));
    let next = courier.next().await.unwrap().unwrap();
    assert_eq!((next.seconds_since(now()), register.requests()), (5, 1));
    register.switch(|switches| switches.down = false);
    assert_eq!(courier.round(next).await.unwrap().sent, 240);
    assert_eq!((register.requests(), register.taken().len()), (4, 240));
    // One that is alone says why it waits, too.
    desk.hotel.check_in(&party(9, vec![by_card(1, "LI NA")]), &clerk(), next).await.unwrap();
    register.switch(|switches| switches.down = true);
    assert_eq!(courier.round(next).await.unwrap().fault.unwrap().code(), "register_down");
}

#[tokio::test]
async fn a_clock_that_ran_a_year_ahead_is_noticed_and_holds_up_nothing_once_it_is_set() {
    let desk = Desk::new("mainland").await;
    let (register, client) = register().await;
    register.switch(|switches| switches.down = true);
    let ahead = now().plus_seconds(365 * 86_400);
    let answers = desk.hotel.check_in(&party(1, vec![by_card(1, "LI NA")]), &clerk(), ahead).await.unwrap();
    desk.courier(&client).round(ahead).await.unwrap();
    let health = desk.hotel.queue_health(now()).await.unwrap();
    assert_eq!((health.waiting, health.from_the_future), (1, 1));
    let out = desk.hotel.check_out(id_of(&answers, 1), &Default::default(), &clerk(), now()).await;
    assert_eq!(out.unwrap_err().code(), "clock_behind");
    register.switch(|switches| switches.down = false);
    assert_eq!(desk.courier(&client).round(now()).await.unwrap().sent, 1);
}

/// Names the folder of the desk that [`a_desk_that_is_killed`] runs.
const KILLED: &str = "BAYPASS_TEST_KILLED_DESK";

fn killed_party(n: u8) -> venue::stay::Party {
    party(n, (0..3).map(|at| line(at, with_pass(u32::from(n) * 10 + u32::from(at)))).collect())
}

/// The desk that the next test kills: it says each party that stands in its book.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_is_killed() {
    let Some(folder) = std::env::var_os(KILLED) else { return };
    let hotel = open(&Path::new(&folder).join("book.db"), "mainland").await;
    for n in 0..u8::MAX {
        hotel.check_in(&killed_party(n), &clerk(), now()).await.unwrap();
        println!("stands {n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_was_killed_has_every_party_whole_or_not_at_all() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let mut whole = 0;
    for millis in [1, 5, 10, 20, 40, 80] {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "queue::a_desk_that_is_killed", "--nocapture"])
            .env(KILLED, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(desk.stdout.take().unwrap()).lines();
        let mut lines =
            lines.map_while(Result::ok).filter_map(|line| line.split("stands ").nth(1).map(str::to_owned));
        assert_eq!(lines.next().as_deref(), Some("0"));
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
        // SIGKILL: no destructor runs.
        desk.kill().unwrap();
        desk.wait().unwrap();
        let told: u8 = lines.last().map_or(0, |line| line.parse().unwrap());
        let hotel = open(&folder.path().join("book.db"), "mainland").await;
        let stand = hotel.in_house(&clerk(), now()).await.unwrap().len();
        assert_eq!(stand % 3, 0, "no party is there in part");
        assert!(stand >= 3 * (usize::from(told) + 1), "what was acknowledged is there: {stand} after {told}");
        assert_eq!(hotel.queue_health(now()).await.unwrap().waiting, stand, "each with its report");
        let again = hotel.check_in(&killed_party(told), &clerk(), now()).await.unwrap();
        assert_eq!(tally(&again).get("already"), Some(&3));
        whole += stand / 3;
    }
    assert!(whole > 6, "{whole} parties");
}

#[tokio::test]
async fn a_full_disk_refuses_a_check_in_and_keeps_what_was_acknowledged() {
    let Some(disk) = test_support::SmallDisk::mount("a_full_disk_refuses_a_check_in", 3) else { return };
    let file = disk.path().join("book.db");
    let hotel = open(&file, "mainland").await;
    disk.fill().unwrap();
    let mut stand = 0_u8;
    let error = loop {
        match hotel.check_in(&killed_party(stand), &clerk(), now()).await {
            Ok(_) => stand += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("check its disk space"), "{error}");
    // People come first: the list of who is inside is read all the same.
    let building = venue::Building::new(hotel.store().clone(), None);
    assert!(building.evacuation(false, &clerk(), now()).await.is_ok());
    disk.free().unwrap();
    // The same party again is the same check-in, and the desk needs no restart.
    let answers = hotel.check_in(&killed_party(stand), &clerk(), now()).await.unwrap();
    assert_eq!(tally(&answers).get("new"), Some(&3));
    let again = open(&file, "mainland").await;
    let parties = usize::from(stand) + 1;
    assert_eq!(again.in_house(&clerk(), now()).await.unwrap().len(), 3 * parties);
    assert_eq!(again.queue_health(now()).await.unwrap().waiting, 3 * parties);
}
