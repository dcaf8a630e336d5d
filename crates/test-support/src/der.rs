//! Der: values with their tags and lengths, as tests write them.

/// One value in DER, of less than 16 MiB.
#[must_use]
pub fn der(tag: &[u8], content: &[u8]) -> Vec<u8> {
    let length = match u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes() {
        [0, 0, 0, low @ 0..=0x7f] => vec![low],
        [0, 0, 0, low] => vec![0x81, low],
        [0, 0, high, low] => vec![0x82, high, low],
        [_, top, high, low] => vec![0x83, top, high, low],
    };
    [tag, &length, content].concat()
}

/// An object identifier in DER.
#[must_use]
pub fn oid(parts: &[u32]) -> Vec<u8> {
    let (first, rest) = parts.split_at(parts.len().min(2));
    let head = match first {
        [a, b] => a * 40 + b,
        [..] => 0,
    };
    let mut value = Vec::new();
    for part in std::iter::once(head).chain(rest.iter().copied()) {
        let digits = (0..5).rev().map(|place| part >> (7 * place) & 0x7f);
        let digits: Vec<u32> = digits.skip_while(|digit| *digit == 0).collect();
        let digits = if digits.is_empty() { vec![0] } else { digits };
        for (place, digit) in digits.iter().enumerate() {
            let more = if place + 1 < digits.len() { 0x80 } else { 0 };
            value.push(u8::try_from(digit | more).unwrap_or_default());
        }
    }
    der(&[0x06], &value)
}
