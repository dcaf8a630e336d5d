//! Values that the tests share: the keys and the traveller of the worked example.

use credential::cbor::Writer;
use credential::part::{
    EndorsementSlot, HolderIdentity, Name, PartContents, PartContext, PartForm, PartTemplate,
};
use credential::{DeviceKey, PublicKey, SecretKey, VerifyingKey};
use documents::{AuthorityCode, Direction, LocalDate, Timestamp};

use crate::page::{blocks, bytes};
use AuthorityCode::Chn;

/// A key of the example: private scalar and public point.
pub fn example_key(name: &str) -> ([u8; 32], PublicKey) {
    let table = blocks("keys").concat();
    let row = table.lines().find(|line| line.starts_with(name)).unwrap();
    let mut fields = row.rsplit(' ').map(|field| hex::decode(field).unwrap());
    let (public, scalar) = (fields.next().unwrap(), fields.next().unwrap());
    (scalar.try_into().unwrap(), PublicKey::from_bytes(&public).unwrap())
}

pub fn verifying(name: &str) -> VerifyingKey {
    VerifyingKey::new(example_key(name).1).unwrap()
}

pub fn secret(name: &str) -> SecretKey {
    SecretKey::from_bytes(bytes(name).try_into().unwrap())
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn day(text: &str) -> LocalDate {
    text.parse().unwrap()
}

pub fn direction(from: AuthorityCode, to: AuthorityCode) -> Direction {
    Direction::new(from, to).unwrap()
}

pub fn context(receiver: AuthorityCode) -> PartContext {
    let device = DeviceKey::new(example_key("device").1).unwrap();
    PartContext { issuer: Chn, receiver, thumbprint: device.thumbprint() }
}

/// The example's traveller, as the part for `receiver` holds them.
pub fn contents(receiver: AuthorityCode) -> PartContents {
    let identity = match PartForm::of(Chn, receiver) {
        PartForm::Own => HolderIdentity::Own { birth_year: 1990 },
        PartForm::Sealed => HolderIdentity::Sealed {
            latin_name: Name::new("SPECIMEN, MEI"),
            chinese_name: Name::new("样本"),
            birth: day("1990-06-15"),
            nationality: *b"CHN",
        },
    };
    let plaintext = bytes("own-plaintext");
    PartContents {
        kind: 4,
        number: *b"C12345678",
        expiry: Some(day("2031-05-01")),
        snapshot: day("2026-03-02"),
        holder_class: 12,
        identity,
        endorsements: vec![EndorsementSlot {
            form: 1,
            entries: Some(1),
            from: day("2026-01-10"),
            to: day("2026-04-09"),
        }],
        template_format: 1,
        template: PartTemplate::from_bytes(&plaintext[plaintext.len() - 72..]).unwrap(),
    }
}

pub fn info(label: &str, context: &PartContext) -> Vec<u8> {
    Writer::new().array(2).text(label).bytes(context.thumbprint.as_bytes()).finish()
}

pub fn associated(label: &str, context: &PartContext) -> Vec<u8> {
    let mut w = Writer::new();
    w.array(4).text(label).text(context.issuer.code()).bytes(context.thumbprint.as_bytes());
    w.text(context.receiver.code()).finish()
}
