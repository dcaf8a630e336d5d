//! Library: a stand-in of a library's system, and readers at its desk in the tour: by pass, and by the library's own card.
//!
//! Lives here: starting the stand-in, the scenes. Not here: the protocol (`sip2`), what a desk does with it (`venue::library`).

use serde_json::{Value, json};
use venue::library_system::stand_in::{StandInLibrary, Switches};

use super::bay::Bay;
use super::cast::Who;
use super::desks::{Clerk, fresh_id, kept, shown};
use super::tour::Tour;
use crate::failure::{Failure, of};
use crate::install::write_whole;

/// The library on the mainland.
pub const LIBRARY: &str = "specimen-library-shenzhen";
/// The password of every card of the stand-in.
const PASSWORD: &str = "1234";
/// Cards that were issued before, without an owner.
const POOL: usize = 20;
const BOOKS: [(&str, &str); 3] = [
    ("LIB000001", "Dream of the Red Chamber"),
    ("LIB000002", "Os Lusíadas"),
    ("LIB000003", "A Dictionary of the Pearl River"),
];

/// A library's system with some books, and the number of a reader's own card.
pub struct Shelf {
    system: StandInLibrary,
    own_card: String,
}

impl Shelf {
    /// What somebody needs to borrow by hand.
    pub fn by_hand(&self) -> String {
        let (own, items) = (&self.own_card, BOOKS.map(|(item, _)| item).join(", "));
        format!(
            "  readers use {LIBRARY} at /self-service; its books are {items}; a library card: {own}, password {PASSWORD}\n"
        )
    }
}

impl Bay {
    /// Starts the stand-in of the library's system, and tells its desk where it is.
    pub async fn start_library(&mut self) -> Result<(), Failure> {
        let system = StandInLibrary::start(Switches::default()).await.map_err(of)?;
        for (item, title) in BOOKS {
            system.add_item(item, title);
        }
        let own_card = system.add_patron();
        let pool: Vec<_> = (0..POOL).map(|_| system.add_patron()).collect();
        let folder = self.installation.venue(&LIBRARY.parse().map_err(of)?);
        write_whole(&folder.join("cards.txt"), pool.join("\n").as_bytes())?;
        let file = folder.join("venue.toml");
        let told = std::fs::read_to_string(&file).map_err(of)?;
        let address = system.address();
        let told = format!(
            "{told}\n[library]\naddress = \"sip2://{address}\"\ninstitution = \"lib\"\n\n[library.accounts]\npool = \"cards.txt\"\n"
        );
        write_whole(&file, told.as_bytes())?;
        self.library = Some(Shelf { system, own_card });
        Ok(())
    }

    fn shelf(&self) -> Result<&Shelf, Failure> {
        self.library.as_ref().ok_or_else(|| Failure::new("the library's stand-in was not started"))
    }
}

/// Somebody borrows two books with the pass, gives one back, and comes again to the same account.
pub async fn reader(tour: &mut Tour<'_>, who: Who) -> Result<Vec<Value>, Failure> {
    let (answer, receipt) = shown(tour, LIBRARY, who).await?;
    let clerk = Clerk::at(tour.bay, LIBRARY).await?;
    let turn = begin(&clerk, json!({"answer": answer})).await?;
    let mut refused = Vec::new();
    for (item, _) in BOOKS.iter().take(2) {
        refused.extend(borrow(&clerk, &turn, item).await?);
    }
    refused.extend(back(&clerk, BOOKS[0].0).await?);
    end(&clerk, &turn).await?;
    let out = tour.bay.shelf()?.system.loans().len();
    if out != 1 {
        refused.push(json!(format!("{out} books are out")));
    }
    let words =
        format!("by pass: an account was opened, two books borrowed, one given back: {}", kept(&receipt));
    let mut told = vec![tour.registered((who.name(), LIBRARY, "pass"), &refused, &words)?];
    let (answer, _) = shown(tour, LIBRARY, who).await?;
    let clerk = Clerk::at(tour.bay, LIBRARY).await?;
    let turn = begin(&clerk, json!({"answer": answer})).await?;
    let mut refused = Vec::new();
    if turn.get("new") != Some(&json!(false)) || turn.get("charged_count") != Some(&json!(1)) {
        refused.push(turn.clone());
    }
    refused.extend(back(&clerk, BOOKS[1].0).await?);
    end(&clerk, &turn).await?;
    let words = "by pass, the same account again: the other book came back";
    told.push(tour.registered((who.name(), LIBRARY, "pass"), &refused, words)?);
    Ok(told)
}

/// Somebody without a phone borrows with the library's own card.
pub async fn by_card(tour: &mut Tour<'_>, who: &str) -> Result<Value, Failure> {
    let card = tour.bay.shelf()?.own_card.clone();
    let clerk = Clerk::at(tour.bay, LIBRARY).await?;
    let turn = begin(&clerk, json!({"card": card, "password": PASSWORD})).await?;
    let mut refused = borrow(&clerk, &turn, BOOKS[2].0).await?;
    end(&clerk, &turn).await?;
    refused.extend(back(&clerk, BOOKS[2].0).await?);
    let words = "no phone: by the library's own card and its password, a book borrowed and given back";
    tour.registered((who, LIBRARY, "card"), &refused, words)
}

async fn begin(clerk: &Clerk<'_>, by: Value) -> Result<Value, Failure> {
    let mut body = by;
    if let Some(fields) = body.as_object_mut() {
        fields.insert("id".to_owned(), json!(fresh_id()?));
        fields.insert("language".to_owned(), json!("zh-Hant"));
    }
    clerk.done("/api/readers", &body).await
}

fn path(turn: &Value, rest: &str) -> String {
    format!("/api/readers/{}{rest}", turn.get("id").and_then(Value::as_str).unwrap_or_default())
}

/// What was not lent.
async fn borrow(clerk: &Clerk<'_>, turn: &Value, item: &str) -> Result<Vec<Value>, Failure> {
    let want = json!({"id": fresh_id()?, "item": item});
    let ended = clerk.done(&path(turn, "/loans"), &want).await?;
    let lent = ended.get("state") == Some(&json!("done")) && ended.get("unlock") == Some(&json!(true));
    Ok(if lent { Vec::new() } else { vec![ended] })
}

/// What was not taken back.
async fn back(clerk: &Clerk<'_>, item: &str) -> Result<Vec<Value>, Failure> {
    let taken = clerk.done("/api/returns", &json!({"item": item})).await?;
    Ok(if taken.get("ok") == Some(&json!(true)) { Vec::new() } else { vec![taken] })
}

async fn end(clerk: &Clerk<'_>, turn: &Value) -> Result<(), Failure> {
    clerk.ends(&path(turn, "")).await
}
