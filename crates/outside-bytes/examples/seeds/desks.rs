//! Seeds of what a desk is told by others: none has anything random in it.

use outside_bytes::{ECHO, FRAME};

use super::{cut, put};

/// Writes them.
pub fn desks() {
    let answer = |inside: &str| {
        format!(
            r#"<?xml version="1.0"?><OTA_HotelResNotifRS xmlns="http://www.opentravel.org/OTA/2003/05" Version="5.000" EchoToken="{ECHO}">{inside}</OTA_HotelResNotifRS>"#
        )
    };
    put("hotel_answer", "ok-success", answer("<Success/>"));
    let error = r#"<Errors><Error Type="3" Code="392" ShortText="no room">no room 1203</Error></Errors>"#;
    put("hotel_answer", "ok-error", answer(error));
    put("hotel_answer", "no-undecided", answer(""));
    put("hotel_answer", "no-dtd", answer("<Success/>").replace("?><", "?><!DOCTYPE x [<!ENTITY a \"b\">]><"));
    put("hotel_answer", "no-entity", answer("<Success/>&a;"));
    put("hotel_answer", "no-control", answer("<Success/>\u{1}"));
    put("hotel_answer", "no-other-token", answer("<Success/>").replace(ECHO, "another"));
    put("hotel_answer", "no-cut", cut(answer("<Success/>").as_bytes()));

    let ((transaction, unit), ok) = (FRAME, |rest: &[u8]| {
        let length = u8::try_from(rest.len() + 1).unwrap();
        [&[1, 2, 0, 0, 0, length, 1], rest].concat()
    });
    assert_eq!((transaction, unit), (0x0102, 1));
    put("modbus_answer", "ok-input", ok(&[2, 1, 1]));
    put("modbus_answer", "ok-coil", ok(&[5, 0, 3, 0xff, 0]));
    put("modbus_answer", "ok-coils", ok(&[15, 0, 3, 0, 9]));
    put("modbus_answer", "no-exception", ok(&[0x85, 2]));
    put("modbus_answer", "no-other-coil", ok(&[5, 0, 4, 0xff, 0]));
    put("modbus_answer", "no-length", [1, 2, 0, 0, 0xff, 0xff, 1, 2, 1, 1]);
    put("modbus_answer", "no-transaction", [9, 2, 0, 0, 0, 4, 1, 2, 1, 1]);

    put("rooming_list", "ok-two", "room,name\n1203,\"CHAN, SIU MING\"\n1204,LI NA\n");
    put("rooming_list", "ok-columns", "\u{feff}Name;x,ROOM,name\r\n,1,A\r\n");
    put("rooming_list", "no-heading", "1203,CHAN\n");
    put("rooming_list", "no-room", "room,name\n,CHAN\n1204,LI\n");
    put("rooming_list", "ok-open-quote", "room,name\n1203,\"CHAN\n");
    put("rooming_list", "no-utf8", b"room,name\n1,\xff\n");

    for (name, line) in [
        ("ok-login", "941AY0AZFDFD\r\n"),
        (
            "ok-status",
            "98YYYYYY 10 1020261124    0404032.00AOlib|BXYYYNYYYYYYYNYYYN|AMTest library|AY1AZE88D\r",
        ),
        (
            "ok-patron",
            "64              00020261124    040403000000000000000000000000AOlib|AAP1|AEAda|BLY|BHCNY|CQY|AY3AZE99B\r",
        ),
        ("ok-item", "1803000120261124    040403ABB1|AJA book|AY4AZF548\r"),
        ("ok-loan", "121NUY20261124    040403AOlib|AAP1|ABB1|AJA book|AH20270105    000000|AY5AZED4C\r"),
        ("ok-end", "36Y20261124    040403AOlib|AAP1|AY0AZF6DA\r"),
        ("ok-again", "96AZFEF6\r"),
        ("no-swapped", "3820261124    040403YAOlib|AAP1|AY9AZF6CF\r"),
        ("no-none", "None"),
        ("no-cut", "1803000120261124    040403ABB1|AJA bo"),
        ("no-unknown", "AA00AY0AZFDFD\r"),
    ] {
        put("sip2_line", name, line);
    }
}
