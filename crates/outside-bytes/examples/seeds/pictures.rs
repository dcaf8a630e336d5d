//! Seeds of pictures, of what is printed on cards, and of pages about a person.

use std::io::Cursor;

use super::*;

fn encoded(image: &image::DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = image::GrayImage::from_pixel(side, side, image::Luma([128]));
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 10);
    encoder.encode_image(&image).unwrap();
    bytes
}

pub(super) fn pictures() {
    use image::ImageFormat::{Jpeg, Png, WebP};
    let code = QrSymbol::draw("BP1:BB8").unwrap().to_png(2).unwrap();
    let small = image::DynamicImage::ImageRgb8(image::RgbImage::from_fn(9, 7, |x, y| {
        image::Rgb([x, y, x + y].map(|n| u8::try_from(n * 8).unwrap_or(255)))
    }));
    put("picture", "ok-code.png", code);
    put("picture", "ok-small.png", encoded(&small, Png));
    put("picture", "ok-small.jpg", encoded(&small, Jpeg));
    put("picture", "ok-small.webp", encoded(&small, WebP));
    put("picture", "no-cut.jpg", cut(&encoded(&small, Jpeg)));
    put("picture", "no-cut.png", cut(&encoded(&small, Png)));
    put("picture", "no-cut.webp", cut(&encoded(&small, WebP)));
    // A header that claims 65,535 x 65,535 pixels.
    let png = encoded(&small, Png);
    put(
        "picture",
        "no-huge.png",
        replaced(&png, &[0, 0, 0, 9, 0, 0, 0, 7], &[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]),
    );
    for (name, bomb) in test_support::bombs::small() {
        put("picture", name, bomb);
    }
    put("picture", "no-text", "no picture");
    put("picture", "no-gif", "GIF89a");

    // The 68 points of an upright face: all in the middle, the eyes (36 to 41, 42 to 47) apart on one level.
    let mut points = Vec::new();
    for at in 0..68u16 {
        let (x, y) = match at {
            36..=41 => (0x5000u16, 0x6000u16),
            42..=47 => (0xa000, 0x6000),
            _ => (0x8000, 0x9000),
        };
        points.extend(x.to_be_bytes());
        points.extend(y.to_be_bytes());
    }
    let probe = |jpegs: &[Vec<u8>], points: &[u8]| {
        let mut w = Writer::new();
        w.array(jpegs.len());
        for jpeg in jpegs {
            w.array(2).bytes(jpeg).bytes(points);
        }
        w.finish()
    };
    put_with_misses("face_probe", "one-frame", &probe(&[jpeg(224)], &points));
    put("face_probe", "no-narrow", probe(&[jpeg(223)], &points));
    put("face_probe", "no-frame", probe(&[], &points));
    put("face_probe", "no-five-frames", probe(&vec![vec![0xff, 0xd8, 0xff]; 5], &points));
    put("face_probe", "no-eyes", probe(&[jpeg(224)], &[0x80; 272]));
}

const TD3: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

fn digit(text: &str) -> char {
    check_digit(text).unwrap()
}

/// A zone of three lines with the check digits that it needs; `number` is written with its own.
fn td1(code: &str, number: &str, nationality: &str) -> String {
    let one = format!("{code}{number:<<25}");
    let (birth, expiry) = ("740812", "301231");
    let head = format!("{birth}{}F{expiry}{}", digit(birth), digit(expiry));
    let over = format!("{}{birth}{}{expiry}{}<<<<<<<<<<<", one.split_at(5).1, digit(birth), digit(expiry));
    format!("{one}\n{head}{nationality}<<<<<<<<<<<{}\nERIKSSON<<ANNA<<<<<<<<<<<<<<<<", digit(&over))
}

fn td2() -> String {
    let (number, birth, expiry) = ("D23145890", "740812", "120415");
    let (a, b, c) = (digit(number), digit(birth), digit(expiry));
    let composite = digit(&format!("{number}{a}{birth}{b}{expiry}{c}<<<<<<<"));
    format!("I<UTO{:<<31}\n{number}{a}UTO{birth}{b}F{expiry}{c}<<<<<<<{composite}", "ERIKSSON<<ANNA<MARIA")
}

pub(super) fn papers() {
    put("mrz", "ok-td3", TD3.join("\n"));
    put("mrz", "ok-td2", td2());
    put("mrz", "ok-td1-permit", td1("CRCHN", &format!("H12345678{}", digit("H12345678")), "CHN"));
    put("mrz", "ok-td1-long-number", td1("I<UTO", "D23145890<7349<", "UTO"));
    put("mrz", "no-check-digit", TD3.join("\n").replace("L898902C36", "L898902C37"));
    put("mrz", "no-cut", TD3.join("\n").replace("<10", "<1"));
    put("mrz", "no-small-letter", TD3.join("\n").replace("ANNA", "anna"));
    put("mrz", "no-one-line", "CSC12345678");

    for (name, text) in [
        ("mainland-id", "11010519491231002X"),
        ("residence-permit", "820000198511304524"),
        ("hkid", "A123456(3)"),
        ("hkid-two-letters", "AB987654(3)"),
        ("macao-bir", "5123456(7)"),
        ("exit-entry-permit", "CA1234567"),
        ("home-return-permit", "H1234567801"),
        ("home-return-permit-other", "HA1234567"),
        ("passport", "E12345678"),
        ("wire", "A1234563<"),
    ] {
        let kind = if name == "wire" { "no" } else { "ok" };
        put("document_number", &format!("{kind}-{name}"), text);
    }
    put("document_number", "no-check-digit", "110105194912310021");
    put("document_number", "no-brackets", "A123456(34)");
    put("document_number", "no-utf8", b"5123456\xff<");

    for (name, text) in [
        ("ok-counted", "G:HKG:2026-01-10:2026-04-09:2"),
        ("ok-multi", "G:MAC:2026-01-10:2027-01-09:multi"),
        ("ok-weekly-issued", "G:HKG:2024-11-25:2025-11-24:weekly:2024-11-20"),
        ("ok-form", "l-mac-hqtour:MAC:2026-03-01:2026-05-31:1"),
        ("no-kind", "X:HKG:2026-01-10:2026-04-09:2"),
        ("no-date", "G:HKG:2026-01-10:2026-04-31:2"),
        ("no-entries", "G:HKG:2026-01-10:2026-04-09:0"),
        ("no-mainland", "G:CHN:2026-01-10:2026-04-09:2"),
    ] {
        put("endorsement", name, text);
    }

    let page = include_str!("../../../../docs/cases.md");
    for (at, rest) in page.split("```json case\n").skip(1).enumerate() {
        let case = rest.split_once("```").unwrap().0;
        put("case_file", &format!("ok-page-{}.json", at + 1), case);
        if at == 0 {
            put("case_file", "no-unknown-field.json", case.replace("\"person\"", "\"persons\""));
            put("case_file", "no-cut.json", cut(case.as_bytes()));
            put("case_file", "no-port.json", case.replace("luohu", "elsewhere"));
        }
    }
    let far = r#"{"person":{"birth":"1800-01-01","home":"CHN"},"documents":[{"kind":"one_way_permit","destination":"MAC","issued":"9998-12-31"},{"kind":"mainland_id"}],"movements":[{"at":"9998-12-31T23:59:59Z","port":"gongbei","from":"CHN","to":"MAC"}],"question":{"port":"gongbei","from":"MAC","to":"CHN","at":"9998-12-31"}}"#;
    put("case_file", "ok-ends-of-time.json", far);

    for (name, text) in [
        ("ok-time", "2026-03-02T10:00:00+08:00"),
        ("ok-date", "2026-03-02"),
        ("ok-port", "hzmb-hkg-mac"),
        ("ok-lane", "hengqin/CHN-MAC:1"),
        ("ok-side", "exit"),
        ("ok-authority", "HKG"),
        ("ok-last-time", "9998-12-31T23:59:59Z"),
        ("no-space", "no word"),
        ("no-empty", ""),
    ] {
        put("words", name, text);
    }
}

pub(super) fn pages() {
    for path in ["/health", "/health/details", "/metrics", "/lanes"] {
        put(
            "gate_http",
            &format!("ok-{}", path.trim_start_matches('/').replace('/', "-")),
            format!("GET {path}"),
        );
    }
    // The generator of P-256 (SEC 2, 2.4.2) in a certificate's form.
    let spki = hex::decode(
        "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    );
    put_with_misses("tls_key", "spki", &spki.unwrap());
    for (name, kid) in [
        ("ok-authority", "CHN/1767225600"),
        ("ok-port", "hengqin/7"),
        ("no-zero", "CHN/01"),
        ("no-number", "CHN/"),
        ("no-lane", "hengqin/CHN-MAC/1"),
    ] {
        put("tls_key", name, kid);
    }
    put("gate_http", "ok-head", "GET /lanes?x=1\naccept: application/json\nx-forwarded-for: 10.0.0.1");
    let scan = |body: &str| format!("POST /v1/scans\ncontent-type: application/json\n\n{body}");
    let whole = r#"{"lane":"x","code":"BP1:BB8","faces":["_-8"],"measures":["pin"]}"#;
    put("gate_http", "ok-scan", scan(whole));
    put("gate_http", "ok-scan-picture", scan(r#"{"lane":"x","code_picture":"AAAA","faces":[]}"#));
    put(
        "gate_http",
        "no-scan-two-codes",
        scan(&whole.replace("\"faces", "\"code_picture\":\"AAAA\",\"faces")),
    );
    put("gate_http", "no-scan-padding", scan(&whole.replace("_-8", "_-8=")));
    put("gate_http", "no-scan-field", scan(&whole.replace("lane", "name")));
    put("gate_http", "no-scan-text", scan(whole).replace("application/json", "text/plain"));
    put("gate_http", "no-method", "POST /lanes\ncontent-type: application/cbor\n\n\u{1}");
    put("gate_http", "no-page", "GET /persons/1");
    put("gate_http", "no-escape", "GET /lanes/%2e%2e/health");
    put("gate_http", "no-request", "lanes");
}
