//! Field: a named field of a message, its value as the bytes on the wire.

use std::fmt;

use documents::redact_debug;

/// The name of a field: two capital letters or digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId([u8; 2]);

macro_rules! ids {
    ($($name:ident: $what:literal,)*) => {
        impl FieldId {
            $(
                #[doc = $what]
                pub const $name: Self = Self::named(stringify!($name).as_bytes());
            )*
        }
    };
}

ids! {
    AA: "Patron identifier.",
    AB: "Item identifier: the barcode.",
    AC: "Terminal password.",
    AD: "Patron password.",
    AE: "Personal name.",
    AF: "Screen message.",
    AG: "Print line.",
    AH: "Due date, free text.",
    AJ: "Title.",
    AM: "Library name.",
    AO: "Institution id.",
    AP: "Current location.",
    AQ: "Permanent location.",
    AS: "Hold items.",
    AT: "Overdue items.",
    AU: "Charged items.",
    AV: "Fine items.",
    BD: "Home address.",
    BE: "Electronic mail.",
    BF: "Phone.",
    BH: "Currency.",
    BI: "Cancel.",
    BK: "Transaction id.",
    BL: "Valid patron.",
    BO: "Fee acknowledged.",
    BP: "First item of a list.",
    BQ: "Last item of a list.",
    BT: "Fee type.",
    BV: "Fee amount.",
    BX: "Supported messages.",
    CF: "Hold queue length.",
    CG: "Fee id.",
    CK: "Media type.",
    CL: "Sort bin.",
    CN: "Login user.",
    CO: "Login password.",
    CP: "Location code.",
    CQ: "Valid patron password.",
}

impl FieldId {
    const fn named(letters: &[u8]) -> Self {
        match letters {
            [first, second] => Self([*first, *second]),
            _ => Self([b'0'; 2]),
        }
    }

    /// The name with these letters; `None` where they are no capital letters or digits.
    #[must_use]
    pub fn new(letters: [u8; 2]) -> Option<Self> {
        letters.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()).then_some(Self(letters))
    }

    /// Its letters.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 2] {
        &self.0
    }

    /// Whether a log must not have the value: secrets, and what names a reader.
    #[must_use]
    pub fn is_secret(self) -> bool {
        [Self::AA, Self::AC, Self::AD, Self::AE, Self::BD, Self::BE, Self::BF, Self::CN, Self::CO]
            .contains(&self)
    }
}

impl fmt::Debug for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

/// A field with its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub id: FieldId,
    /// Its value, in the library's character set, without the `|` at its end.
    pub value: Vec<u8>,
}
redact_debug!(Field);
