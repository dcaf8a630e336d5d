//! Card: one card as a page or a request names it, in JSON: the lines of its zone, pictures of it, or what was typed from it.
//!
//! Lives here: [`CardBody`], and where the mistake is in a number that was typed. Not here: what is read of a zone
//! (`credential::page`) or seen in a picture (`zone`), which card a lane reads (`documents::pages`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use documents::{DocumentKind, DocumentNumber, LocalDate, NumberError};
use serde::Deserialize;

use super::camera::PageSight;
use super::zone::{MAX_CARD_PICTURE_LEN, MAX_CARD_PICTURES, ZoneFault};

/// Longest text of one card, in bytes: three lines of a zone, and blanks around them.
const MAX_TEXT_LEN: usize = 200;

/// One card: `zone`; or `pictures`, files in Base64 (URL form, no padding); or `number` and `birth`, with `kind` where the number
/// does not say it by its form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardBody {
    zone: Option<String>,
    pictures: Option<Vec<String>>,
    number: Option<String>,
    kind: Option<String>,
    birth: Option<String>,
}

documents::redact_debug!(CardBody);

/// What is wrong with a card. It repeats nothing of what was typed or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardFault {
    /// Neither a zone, nor pictures, nor a number with a birth date.
    #[error(
        "a card is {{\"zone\": its lines}}, {{\"pictures\": files in Base64, URL form without padding}} or {{\"number\": as printed, \"birth\": \"YYYY-MM-DD\", \"kind\": where the number does not say it}}"
    )]
    Form,
    /// The number, and where the mistake is.
    #[error(transparent)]
    Number(NumberError),
    /// The birth date is no date.
    #[error("the birth date is no date; write it as YYYY-MM-DD")]
    Birth,
    /// What is wrong with its pictures.
    #[error(transparent)]
    Pictures(ZoneFault),
}

impl CardFault {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form => "card_form",
            Self::Birth => "card_birth",
            Self::Pictures(fault) => fault.code(),
            Self::Number(NumberError::CheckDigit { .. }) => "card_check_digit",
            Self::Number(NumberError::Length { .. }) => "card_length",
            Self::Number(
                NumberError::Character { .. } | NumberError::Date { .. } | NumberError::Area { .. },
            ) => "card_character",
            Self::Number(
                NumberError::IsResidencePermit
                | NumberError::IsMainlandId
                | NumberError::OldBooklet
                | NumberError::NotOnTheWire { .. }
                | NumberError::Unrecognised,
            ) => "card_unknown",
        }
    }

    /// The position of the wrong character, from 1, where it is known.
    #[must_use]
    pub const fn position(&self) -> Option<usize> {
        match self {
            Self::Number(NumberError::Character { position, .. }) => Some(*position),
            Self::Form | Self::Birth | Self::Number(_) | Self::Pictures(_) => None,
        }
    }
}

impl CardBody {
    /// What the reader of cards delivers of it.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn sight(&self) -> Result<PageSight, CardFault> {
        let texts = [&self.zone, &self.number, &self.kind, &self.birth];
        if texts.into_iter().flatten().any(|text| text.len() > MAX_TEXT_LEN) {
            return Err(CardFault::Form);
        }
        if let Some(pictures) = &self.pictures {
            let alone = texts.iter().all(|text| text.is_none());
            return if alone { pictures_of(pictures) } else { Err(CardFault::Form) };
        }
        match (&self.zone, &self.number, &self.birth) {
            (Some(zone), None, None) if self.kind.is_none() => Ok(PageSight::Zone(zone.to_ascii_uppercase())),
            (None, Some(number), Some(birth)) => {
                let number = self.read_number(number)?;
                let birth: LocalDate = birth.trim().parse().map_err(|_| CardFault::Birth)?;
                Ok(PageSight::Typed { number, birth })
            }
            (_, _, _) => Err(CardFault::Form),
        }
    }

    fn read_number(&self, text: &str) -> Result<DocumentNumber, CardFault> {
        match &self.kind {
            None => DocumentNumber::recognise(text).map_err(CardFault::Number),
            Some(kind) => {
                let kind: DocumentKind = kind.parse().map_err(|_| CardFault::Form)?;
                DocumentNumber::parse(kind, text).map_err(CardFault::Number)
            }
        }
    }
}

/// The files of pictures, within their bounds.
fn pictures_of(texts: &[String]) -> Result<PageSight, CardFault> {
    if texts.is_empty() || texts.len() > MAX_CARD_PICTURES {
        return Err(CardFault::Pictures(ZoneFault::Count));
    }
    let file = |text: &String| {
        // Four letters bear three bytes.
        if text.len() > MAX_CARD_PICTURE_LEN.div_ceil(3) * 4 {
            return Err(CardFault::Pictures(ZoneFault::TooLarge));
        }
        URL_SAFE_NO_PAD.decode(text).map_err(|_| CardFault::Form)
    };
    texts.iter().map(file).collect::<Result<_, _>>().map(PageSight::Pictures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<PageSight, CardFault> {
        serde_json::from_str::<CardBody>(json).unwrap().sight()
    }

    #[test]
    fn a_card_is_a_zone_or_a_number_with_a_birth_date_and_a_mistake_says_where_it_is() {
        for (json, expected) in [
            (r#"{"number": "A123456(3)", "birth": "1946-03-17"}"#, Ok(())),
            (r#"{"number": "a1234563", "birth": " 1946-03-17 "}"#, Ok(())),
            (r#"{"kind": "hkid", "number": "C123456(9)", "birth": "1946-03-17"}"#, Ok(())),
            (r#"{"zone": "crchn"}"#, Ok(())),
            (r#"{"number": "A123456(4)", "birth": "1946-03-17"}"#, Err(("card_check_digit", None))),
            (r#"{"number": "A12345B(3)", "birth": "1946-03-17"}"#, Err(("card_character", Some(7)))),
            (r#"{"kind": "hkid", "number": "A12345", "birth": "1946-03-17"}"#, Err(("card_length", None))),
            (r#"{"number": "?", "birth": "1946-03-17"}"#, Err(("card_unknown", None))),
            (r#"{"number": "A123456(3)", "birth": "1946-02-30"}"#, Err(("card_birth", None))),
            (r#"{"number": "A123456(3)"}"#, Err(("card_form", None))),
            (r#"{"zone": "CRCHN", "birth": "1946-03-17"}"#, Err(("card_form", None))),
            (r#"{"kind": "library_card", "number": "1", "birth": "1946-03-17"}"#, Err(("card_form", None))),
            ("{}", Err(("card_form", None))),
            (r#"{"pictures": ["_9j_", "_9j_"]}"#, Ok(())),
            (r#"{"pictures": []}"#, Err(("card_picture_count", None))),
            (r#"{"pictures": ["a", "b", "c", "d", "e"]}"#, Err(("card_picture_count", None))),
            (r#"{"pictures": ["/9j/"]}"#, Err(("card_form", None))),
            (r#"{"pictures": ["_9j_"], "zone": "CRCHN"}"#, Err(("card_form", None))),
        ] {
            let read = read(json).map(|_| ()).map_err(|fault| (fault.code(), fault.position()));
            assert_eq!(read, expected, "row {json}");
        }
        let long = format!(r#"{{"zone": "{}"}}"#, "<".repeat(MAX_TEXT_LEN + 1));
        assert_eq!(super::tests::read(&long).err(), Some(CardFault::Form));
        let large = format!(r#"{{"pictures": ["{}"]}}"#, "A".repeat(MAX_CARD_PICTURE_LEN / 3 * 4 + 5));
        assert_eq!(super::tests::read(&large).err(), Some(CardFault::Pictures(ZoneFault::TooLarge)));
    }
}
