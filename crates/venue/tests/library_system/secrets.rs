//! Secrets: no log, no error and no `Debug` has a password, a reader or a book.

use std::io::Write;
use std::sync::{Arc, Mutex};

use sip2::{ErrorDetection, Language, Summary};
use tracing_subscriber::fmt::MakeWriter;
use venue::library_system::stand_in::{Faults, Switches};

use crate::library::{World, now, switches};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_error_or_debug_names_a_secret_a_reader_or_a_book() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    // For every thread: what tests beside this one log has no secret either.
    tracing_subscriber::util::SubscriberInitExt::init(subscriber);
    let login = Some(("USERCANARY".to_owned(), "PASSCANARY".to_owned()));
    let world =
        World::with(Switches { login, timeout: "001".to_owned(), ..switches(ErrorDetection::On) }, |setup| {
            setup.library.terminal_password = "TERMCANARY".to_owned();
        })
        .await;
    world.library.add_item("ITEMCANARY", "TITLECANARY");
    let (desk, patron) = (&world.desk, world.patron.as_str());
    let mut shown =
        format!("{desk:?} {:?} {:?}", world.library.setup().unwrap(), world.library.setup().unwrap().login);
    for faults in [Faults::default(), Faults::all(150, 3)] {
        world.library.set_faults(faults);
        for _ in 0..6 {
            let lent = desk.checkout(patron, "ITEMCANARY", false, now()).await;
            shown += &lent.map_or_else(
                |error| format!("{error:?} {error}"),
                |lent| format!("{lent:?} {:?}", lent.answer),
            );
            let reader = desk.patron(patron, Language::English, Some(Summary::Charged), now()).await;
            shown +=
                &reader.map_or_else(|error| format!("{error:?} {error}"), |reader| format!("{reader:?}"));
            let back = desk.checkin("ITEMCANARY", now(), now()).await;
            shown += &back.map_or_else(
                |error| format!("{error:?} {error}"),
                |back| format!("{back:?} {:?}", back.answer),
            );
            desk.go_ahead(60).await;
        }
    }
    // A connection that ends in the middle, then a login that is refused.
    world.library.set_faults(Faults::default());
    desk.status(now()).await.unwrap();
    world.library.set_faults(Faults { drop_after: 1000, ..Faults::default() });
    world.library.switch(|switches| switches.login = Some((String::new(), String::new())));
    shown += &format!("{:?}", desk.checkin("ITEMCANARY", now(), now()).await.unwrap_err());
    world.library.set_faults(Faults::default());
    shown += &format!("{:?}", desk.status(now()).await.unwrap_err());
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for line in ["is asked again", "gave no answer", "cannot be used"] {
        assert!(logged.contains(line), "{line}: {logged}");
    }
    for text in [&logged, &shown] {
        for secret in ["CANARY", patron] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}
