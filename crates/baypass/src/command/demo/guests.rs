//! Guests: whom the user may be at the wallet and the kiosk once the tour has ended: an adult, their child, and three who meet a rule.
//!
//! Lives here: who they are, what they bring, and the office's part before they begin. Not here: the tour (`tour`), the pages that
//! they try (`mod.rs`).

use std::path::Path;

use serde_json::json;

use super::bay::Bay;
use super::cast::Who;
use super::tour::People;
use crate::failure::Failure;
use crate::install::write_whole;
use crate::wallet::Card;

/// Everybody, and what they meet. The first one's photograph is the user's own, where they gave some.
const GUESTS: [(Who, &str); 5] = [
    (Who::Leong, "crosses from Macao to the mainland at Hengqin"),
    (Who::Ka, "their child, added in the same wallet: beside the face the lane asks for their guardian"),
    (
        Who::Hu,
        "one entry for Macao is left: crosses at Hengqin (lane CHN-MAC) and back, and the second time out is refused",
    ),
    (Who::Qian, "a permit that has expired: refused on the way to Hong Kong"),
    (Who::Sun, "an endorsement for Hong Kong that begins weeks from now: refused until then"),
];

/// Whose pass is carried on whose phone.
const FAMILY: [(Who, Who); 1] = [(Who::Ka, Who::Leong)];

/// One of them: what is printed, and the cards with which they enrol.
pub struct Guest {
    who: Who,
    told: String,
    cards: Vec<Card>,
}

/// Writes everybody's photograph beside the data.
pub fn write(place: &Path, people: &People) -> Result<Vec<Guest>, Failure> {
    let mut guests = Vec::new();
    for (who, meets) in GUESTS {
        let Some(person) = people.get(&who) else { continue };
        // The first one's file has the name that README.md gives it.
        let name = match guests.len() {
            0 => "photograph.jpg".to_owned(),
            more => format!("photograph-{}.jpg", more + 1),
        };
        let file = place.join(name);
        write_whole(&file, &person.photographs.live)?;
        let cards: Vec<Card> = person.wallet.vouchers().into_iter().map(|(_, card)| card).collect();
        let numbers: Vec<String> = cards
            .iter()
            .map(|card| format!("{} {}", card.kind.as_str().replace('_', " "), card.number))
            .collect();
        let told = format!(
            "  as              {} of {}, born {}: {meets}\n  with            {}\n  photograph      {} (selfie in the wallet, \
             face at the kiosk)\n",
            who.name(),
            who.home(),
            who.birth(),
            numbers.join(", "),
            file.display()
        );
        guests.push(Guest { who, told, cards });
    }
    Ok(guests)
}

/// What is printed of everybody, with the one-time codes of the offices, made now. The tour's own wallets of the same persons end
/// when they are used.
pub async fn invited(bay: &Bay, guests: &[Guest]) -> Result<String, Failure> {
    for (ward, carer) in FAMILY {
        add_carer(bay, guests, ward, carer).await?;
    }
    let mut text = String::new();
    for guest in guests {
        let mut codes = Vec::new();
        for card in &guest.cards {
            codes.push(bay.invite(card, true).await?);
        }
        text += &guest.told;
        text += &format!(
            "  invitation      {} (one-time codes of the offices, all in one field)\n",
            codes.join(" ")
        );
    }
    Ok(text)
}

/// Has each office that knows both write that a parent carries their child's pass (docs/carer.md).
async fn add_carer(bay: &Bay, guests: &[Guest], ward: Who, carer: Who) -> Result<(), Failure> {
    let cards =
        |who| guests.iter().find(|guest| guest.who == who).map_or(&[][..], |guest| guest.cards.as_slice());
    for own in cards(ward) {
        let Some(other) = cards(carer).iter().find(|card| card.issuer == own.issuer) else { continue };
        let named = |card: &Card| json!({"kind": card.kind, "number": card.number});
        let wanted = json!({"ward": named(own), "carer": named(other), "ground": "parent"});
        let answer = bay.officer_post(own.issuer, "/v1/residents/carers", &wanted).await?;
        if answer.status != 201 {
            return Err(Failure::new(format!(
                "the office of {} wrote no carer: {}",
                own.issuer,
                answer.code()
            )));
        }
    }
    Ok(())
}
