//! Who travels in the demo: synthetic residents with specimen numbers, every kind of resident.

use documents::{AuthorityCode, LocalDate};
use serde_json::{Value, json};

/// Somebody of the cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Mainland, one entry for Macao, two for Hong Kong: a whole trip.
    LiNa,
    /// Hong Kong permanent resident.
    Chan,
    /// Macao permanent resident.
    Leong,
    /// Mainland, to Hong Kong and on to Macao.
    Wang,
    /// Hong Kong permanent resident who is not Chinese.
    Smith,
    /// Macao resident with two real photographs.
    Ieong,
    /// Macao resident whose photographs are too close to call.
    Sou,
    /// Mainland, one trip to Macao a week.
    Zhao,
    /// Mainland, an endorsement that begins tomorrow.
    Sun,
    /// Mainland, a permit that has expired.
    Qian,
    /// Hong Kong resident whom the mainland wants to see.
    Ho,
    /// Hong Kong resident whose pass ends.
    Ma,
    /// Macao resident of eighty, without a phone: cards alone.
    Lok,
    /// Mainland, one entry for Macao that the tour leaves.
    Hu,
    /// A child of Macao; a parent's phone carries their pass.
    Ka,
}

impl Who {
    /// Everybody, in the order in which photographs are given out.
    pub const ALL: [Self; 15] = [
        Self::LiNa,
        Self::Chan,
        Self::Leong,
        Self::Wang,
        Self::Smith,
        Self::Zhao,
        Self::Sun,
        Self::Qian,
        Self::Ho,
        Self::Ma,
        Self::Ieong,
        Self::Sou,
        Self::Lok,
        Self::Hu,
        Self::Ka,
    ];

    /// The name in Latin letters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LiNa => "SPECIMEN LI NA",
            Self::Chan => "SPECIMEN CHAN TAI MAN",
            Self::Leong => "SPECIMEN LEONG MEI",
            Self::Wang => "SPECIMEN WANG FANG",
            Self::Smith => "SPECIMEN SMITH ALEX",
            Self::Ieong => "SPECIMEN IEONG WAI",
            Self::Sou => "SPECIMEN SOU KEI",
            Self::Zhao => "SPECIMEN ZHAO LEI",
            Self::Sun => "SPECIMEN SUN LI",
            Self::Qian => "SPECIMEN QIAN YUN",
            Self::Ho => "SPECIMEN HO SIU MING",
            Self::Ma => "SPECIMEN MA KA YAN",
            Self::Lok => "SPECIMEN LOK SAM",
            Self::Hu => "SPECIMEN HU MIN",
            Self::Ka => "SPECIMEN LEONG KA",
        }
    }

    /// Whose identity card.
    pub const fn home(self) -> AuthorityCode {
        match self {
            Self::LiNa | Self::Wang | Self::Zhao | Self::Sun | Self::Qian | Self::Hu => AuthorityCode::Chn,
            Self::Chan | Self::Smith | Self::Ho | Self::Ma => AuthorityCode::Hkg,
            Self::Leong | Self::Ieong | Self::Sou | Self::Lok | Self::Ka => AuthorityCode::Mac,
        }
    }

    /// Birth date, as cards show it.
    pub const fn birth(self) -> &'static str {
        match self {
            Self::Lok => "1946-03-17",
            Self::Ka => "2018-04-12",
            Self::LiNa
            | Self::Chan
            | Self::Leong
            | Self::Wang
            | Self::Smith
            | Self::Ieong
            | Self::Sou
            | Self::Zhao
            | Self::Sun
            | Self::Qian
            | Self::Ho
            | Self::Ma
            | Self::Hu => "1990-05-06",
        }
    }

    /// Whether they have a phone of their own, and so a pass from the beginning.
    pub const fn has_phone(self) -> bool {
        !matches!(self, Self::Lok | Self::Ka)
    }

    /// Identity card and permit.
    pub const fn numbers(self) -> (&'static str, &'static str) {
        match self {
            Self::LiNa => ("110101199005061004", "CA1234567"),
            Self::Wang => ("310101199005061028", "CB2345678"),
            Self::Zhao => ("440402199005061062", "CC3456789"),
            Self::Sun => ("500101199005061082", "CD4567890"),
            Self::Qian => ("610102199005061105", "C12345678"),
            Self::Chan => ("A123456(3)", "H12345678"),
            Self::Smith => ("B234567(1)", "HA1234567"),
            Self::Ho => ("C345678(A)", "H23456789"),
            Self::Ma => ("D456789(8)", "H34567890"),
            Self::Leong => ("1234567(8)", "M87654321"),
            Self::Ieong => ("5123456(7)", "M76543210"),
            Self::Sou => ("7345678(9)", "M65432109"),
            Self::Lok => ("5234567(8)", "M54321098"),
            Self::Hu => ("330102199005061140", "CE5678901"),
            Self::Ka => ("1456789(0)", "M43210987"),
        }
    }

    /// The record, in the form of `docs/cases.md`; `day` is the tour's first day.
    pub fn record(self, day: LocalDate) -> Value {
        let (id, permit) = self.numbers();
        let endorsed = |destination: &str, entries: Value, from: LocalDate| json!({"kind": "G", "destination": destination, "from": from, "entries": entries});
        let before = day.plus_days(-30);
        let endorsements = match self {
            Self::LiNa => vec![endorsed("MAC", json!(1), before), endorsed("HKG", json!(2), before)],
            Self::Wang => vec![endorsed("HKG", json!(1), before), endorsed("MAC", json!(1), before)],
            Self::Zhao => vec![endorsed("MAC", json!("weekly"), before)],
            Self::Sun => vec![endorsed("HKG", json!(1), day.plus_days(60))],
            Self::Qian => vec![endorsed("HKG", json!(2), before)],
            Self::Hu => vec![endorsed("MAC", json!(1), before)],
            Self::Chan
            | Self::Leong
            | Self::Smith
            | Self::Ieong
            | Self::Sou
            | Self::Ho
            | Self::Ma
            | Self::Lok
            | Self::Ka => Vec::new(),
        };
        let expires = if self == Self::Qian { day.plus_days(-1) } else { day.plus_days(1000) };
        let (id_kind, permit_kind) = match self.home() {
            AuthorityCode::Chn => ("mainland_id", "exit_entry_permit"),
            AuthorityCode::Hkg => ("hkid", "home_return_permit"),
            AuthorityCode::Mac => ("macao_bir", "home_return_permit"),
        };
        let mut card = json!({"kind": permit_kind, "number": permit, "expires": expires});
        if let (Some(fields), AuthorityCode::Chn) = (card.as_object_mut(), self.home()) {
            fields.insert("endorsements".to_owned(), Value::Array(endorsements));
        }
        let nationality = if self == Self::Smith { "GBR" } else { "CHN" };
        json!({
            "person": {
                "name": self.name(), "birth": self.birth(), "home": self.home(), "height_cm": if self == Self::Ka { 128 } else { 170 },
                "nationality": nationality,
            },
            "documents": [{"kind": id_kind, "number": id}, card],
        })
    }
}
