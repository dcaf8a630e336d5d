//! The queue under faults: a stop at any await, a register that is away, answers that are lost.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use venue::profile::Field;

use crate::helpers::*;
use crate::hotel::typed;

/// Lets a future go on for so many polls and drops it there; its value where it ended before.
async fn stopped_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..polls {
        // Whatever wakes it is another task's: give those time.
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return Some(value);
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    None
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
    assert!(ended && stops > 5, "it was stopped at {stops} awaits");
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
            assert!(polls > 5, "{polls}");
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
