//! Zone: what reads the machine-readable zone in pictures of a card, and what may be wrong with such pictures.
//!
//! Lives here: [`ZoneReader`], [`Zones`] (a lane's reader, and how many pictures it asks for), [`ZoneFault`]. Not here: how a
//! picture is decoded and read; the program plugs a reader in. What a zone says is read by `credential::page`.

use std::sync::Arc;

use documents::LocalDate;

/// The most pictures of one card that are taken together.
pub const MAX_CARD_PICTURES: usize = 4;

/// Largest picture of a card that a page or a request may post, in bytes. A file on the command line may be as long as every picture.
pub const MAX_CARD_PICTURE_LEN: usize = 2 * 1024 * 1024;

/// How many pictures have to give the same zone before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Two different ones: an accidental misreading does not occur twice. A camera gives several pictures a second.
    TwoAlike,
    /// One that was handed in alone is enough; of several, two must agree all the same. For simulated lanes, where a file
    /// stands for the camera and marks every output.
    OneStill,
}

/// Reads the machine-readable zone in pictures of one card.
pub trait ZoneReader: Send + Sync {
    /// The lines of the zone that these pictures show. `today` decides the century of the birth date.
    ///
    /// # Errors
    /// Why no zone is given out. It repeats nothing of what was read.
    fn lines(&self, pictures: &[Vec<u8>], needs: Needs, today: LocalDate) -> Result<String, ZoneFault>;
}

/// Why pictures of a card give no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.want())]
pub enum ZoneFault {
    /// Nothing here reads pictures of cards.
    NoReader,
    /// No picture, or more than [`MAX_CARD_PICTURES`].
    Count,
    /// A file is no picture that is read here, or it is damaged.
    File,
    /// More bytes or pixels than are read.
    TooLarge,
    /// Too few pixels for a zone.
    TooSmall,
    /// No zone was read for certain.
    None,
    /// One picture gave a zone and no other did.
    Once,
    /// The pictures give different zones.
    Differs,
}

impl ZoneFault {
    /// Every fault.
    pub const ALL: [Self; 8] = [
        Self::NoReader,
        Self::Count,
        Self::File,
        Self::TooLarge,
        Self::TooSmall,
        Self::None,
        Self::Once,
        Self::Differs,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoReader => "card_no_reader",
            Self::Count => "card_picture_count",
            Self::File => "card_picture_file",
            Self::TooLarge => "card_picture_large",
            Self::TooSmall => "card_picture_small",
            Self::None => "card_zone_none",
            Self::Once => "card_zone_once",
            Self::Differs => "card_zone_differs",
        }
    }

    /// What is wrong, and what to do next.
    #[must_use]
    pub const fn want(self) -> &'static str {
        match self {
            Self::NoReader => "nothing here reads pictures of cards; type the card's number",
            Self::Count => "a card is read in 1 to 4 pictures",
            Self::File => "a file is no picture that is read here, or it is damaged; give JPEG, PNG or WebP",
            Self::TooLarge => "a picture of the card is larger than is read; take it smaller",
            Self::TooSmall => "a picture of the card is too small for a zone; hold the card nearer",
            Self::None => {
                "no zone was read for certain; lay the card flat, with its lines of letters and < in the picture"
            }
            Self::Once => "one picture alone gave a zone, and two must give the same; keep the card still",
            Self::Differs => "the pictures give different zones; show one card and keep it still",
        }
    }
}

/// A lane's reader of zones.
#[derive(Clone)]
pub struct Zones {
    reader: Option<Arc<dyn ZoneReader>>,
    needs: Needs,
}

impl Zones {
    /// No reader; pictures of a card are refused.
    #[must_use]
    pub const fn none(needs: Needs) -> Self {
        Self { reader: None, needs }
    }

    /// The same rule with this reader.
    #[must_use]
    pub fn with(self, reader: Arc<dyn ZoneReader>) -> Self {
        Self { reader: Some(reader), ..self }
    }

    /// The lines of the zone in pictures of one card. It computes for as long as a picture takes: not on a thread that serves.
    ///
    /// # Errors
    /// Why no zone is given out.
    pub fn read(&self, pictures: &[Vec<u8>], today: LocalDate) -> Result<String, ZoneFault> {
        let reader = self.reader.as_ref().ok_or(ZoneFault::NoReader)?;
        if pictures.is_empty() || pictures.len() > MAX_CARD_PICTURES {
            return Err(ZoneFault::Count);
        }
        reader.lines(pictures, self.needs, today)
    }
}
