//! Files: the forms of data groups one by one, published and our own.

use chip::{
    Contents, DocumentDetails, FileError, FileId, Group, HolderDetails, ImageKind, read_faces, read_zone,
};
use test_support::chip::{com, dg1, dg2, dg11, portrait};
use test_support::der::der;

use super::now;

#[test]
fn zones_of_all_three_layouts_are_read() {
    let today = now().local_date();
    for zone in [
        test_support::chip::ZONE,
        "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
        "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<D231458907UTO7408122F1204159<<<<<<<6",
    ] {
        let read = read_zone(&dg1(zone), today).unwrap();
        assert_eq!((read.surname(), read.given_names()), ("ERIKSSON", "ANNA MARIA"), "{zone}");
    }
    // A line end is no filler.
    let broken = test_support::chip::ZONE.replacen('<', "\n", 1);
    assert_eq!(read_zone(&dg1(&broken), today), Err(FileError::Malformed(FileId::Group(Group::MRZ))));
}

#[test]
fn pictures_are_told_by_what_they_are() {
    let jp2 = b"\0\0\0\x0cjP  \r\n\x87\n";
    let codestream = b"\xff\x4f\xff\x51\0\x2f";
    let file = dg2(&[(0, &portrait(9)), (1, jp2), (1, codestream)]);
    let kinds: Vec<ImageKind> = read_faces(&file).unwrap().iter().map(chip::FaceImage::kind).collect();
    assert_eq!(kinds, [ImageKind::Jpeg, ImageKind::Jpeg2000, ImageKind::Jpeg2000]);
    for at in 0..file.len() {
        // Any cut is refused, and no changed byte makes it panic.
        assert!(read_faces(&file[..at]).is_err(), "cut at {at}");
        for change in [0x01, 0x80, 0xff] {
            let mut changed = file.clone();
            changed[at] ^= change;
            let _ = read_faces(&changed);
        }
    }
}

#[test]
fn a_record_of_another_kind_is_refused_as_such() {
    let file = dg2(&[(0, &portrait(9))]);
    let place = |needle: &[u8]| file.windows(needle.len()).position(|part| part == needle).unwrap();
    for (at, byte, expected) in [
        (place(b"FAC\0"), b'X', FileError::FaceForm),
        (place(b"010\0") + 1, b'3', FileError::FaceForm),
        (place(&[0x81, 1, 2]) + 2, 8, FileError::FaceForm),
        (place(&[0x7f, 0x61]) + 1, 0x62, FileError::Malformed(FileId::Group(Group::FACE))),
    ] {
        let mut changed = file.clone();
        changed[at] = byte;
        assert_eq!(read_faces(&changed), Err(expected));
    }
}

#[test]
fn details_are_read_and_no_field_stands_there_unlisted_or_twice() {
    let read = HolderDetails::read(&dg11()).unwrap();
    assert_eq!(read.name.as_deref(), Some("ERIKSSON<<ANNA<MARIA"));
    assert_eq!(read.birth.unwrap().date().unwrap().to_string(), "1974-08-12");
    let names = [der(&[2], &[1]), der(&[0x5f, 0x0f], b"A<<B")].concat();
    for (fields, taken) in [
        (vec![der(&[0x5c], &[0x5f, 0x0f]), der(&[0xa0], &names)], true),
        (vec![der(&[0x5c], &[0x5f, 0x2b]), der(&[0x5f, 0x2b], &[0x19, 0x74, 0x08, 0x12])], true),
        (vec![der(&[0x5c], &[0x5f, 0x2b]), der(&[0x5f, 0x2b], &[0x19, 0x74, 0, 0])], true),
        (vec![der(&[0x5c], &[0x5f, 0x2b]), der(&[0x5f, 0x2b], b"19741312")], false),
        (vec![der(&[0x5c], &[0x5f, 0x2b]), der(&[0x5f, 0x2b], b"1974081")], false),
        (vec![der(&[0x5c], &[0x5f, 0x11]), der(&[0x5f, 0x11], b"A\x1bB")], false),
        (vec![der(&[0x5c], &[0x5f, 0x11]), der(&[0x5f, 0x11], &[0xff])], false),
        (vec![der(&[0x5c], &[0x5f, 0x11]), der(&[0x5f, 0x0e], b"A")], false),
        (vec![der(&[0x5c], &[0x5f, 0x11]), der(&[0x5f, 0x11], b"A"), der(&[0x5f, 0x11], b"B")], false),
        (vec![der(&[0x5c], &[0x5f, 0x11, 0x5f, 0x11])], false),
        (vec![der(&[0x5f, 0x11], b"A")], false),
    ] {
        let file = der(&[0x6b], &fields.concat());
        assert_eq!(HolderDetails::read(&file).is_ok(), taken, "{}", hex::encode(&file));
    }
    assert_eq!(DocumentDetails::read(&dg11()), Err(FileError::Other(FileId::Group(Group::DOCUMENT))));
}

#[test]
fn what_a_chip_says_that_it_holds_is_read() {
    let read = Contents::read(&com()).unwrap();
    assert_eq!(read.lds_version, "0107");
    assert_eq!(read.groups.iter().map(|group| group.number()).collect::<Vec<_>>(), [1, 2, 11, 14, 15]);
    for at in 0..com().len() {
        assert!(Contents::read(&com()[..at]).is_err(), "cut at {at}");
    }
}
