//! A library with two readers and some books, and a desk that reaches it.

use documents::Timestamp;
use sip2::ErrorDetection;
use venue::library_system::stand_in::{StandInLibrary, Switches};
use venue::library_system::{LibrarySetup, LibrarySystem};

/// Both ways in which a library and its desk can agree.
pub const BOTH: [ErrorDetection; 2] = [ErrorDetection::On, ErrorDetection::Off];

pub fn now() -> Timestamp {
    "2026-03-02T10:00:00+08:00".parse().unwrap()
}

/// A library whose desk waits for 5 seconds, and asks again twice.
pub fn switches(detection: ErrorDetection) -> Switches {
    Switches { detection, timeout: "050".to_owned(), retries: "002".to_owned(), ..Switches::default() }
}

/// The same where silence is part of the test: 0.3 seconds.
pub fn impatient(detection: ErrorDetection) -> Switches {
    Switches { timeout: "003".to_owned(), ..switches(detection) }
}

pub struct World {
    pub library: StandInLibrary,
    pub desk: LibrarySystem,
    pub patron: String,
    pub other: String,
}

impl World {
    /// Books B1 to B9, readers who owe nothing.
    pub async fn new(switches: Switches) -> Self {
        Self::with(switches, |_| {}).await
    }

    pub async fn with(switches: Switches, change: impl FnOnce(&mut LibrarySetup)) -> Self {
        let library = StandInLibrary::start(switches).await.unwrap();
        let (patron, other) = (library.add_patron(), library.add_patron());
        for number in 1..=9 {
            library.add_item(&format!("B{number}"), &format!("Book {number}"));
        }
        let mut setup = library.setup().unwrap();
        change(&mut setup);
        let desk = LibrarySystem::new(setup).unwrap();
        Self { library, desk, patron, other }
    }
}
