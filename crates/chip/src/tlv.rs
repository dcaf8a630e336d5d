//! Tlv: tags, lengths and values of files and signed objects (ISO/IEC 7816-4, 5.2; X.690).
//!
//! Lives here: [`Elements`], which walks over one level at a time and takes definite lengths in their shortest form alone, as DER
//! demands and as ICAO Doc 9303-10 writes its files. Not here: what a tag means.

/// The bytes are no values one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// One value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The bytes of its tag as one number: `0x5f1f`.
    pub tag: u32,
    /// What it holds.
    pub content: &'a [u8],
    /// The same with tag and length.
    pub whole: &'a [u8],
}

/// Values one behind the other.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The one value that the bytes are, to their last.
    pub fn only(bytes: &'a [u8], tag: u32) -> Result<Self, Malformed> {
        let mut all = Self::new(bytes);
        let content = all.expect(tag)?;
        all.end()?;
        Ok(Self::new(content))
    }

    /// The next value; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Element<'a>>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (tag, after) = tag(self.rest)?;
        let (length, after) = length(after)?;
        let (content, after) = after.split_at_checked(length).ok_or(Malformed)?;
        let (whole, _) = self.rest.split_at_checked(self.rest.len() - after.len()).ok_or(Malformed)?;
        self.rest = after;
        Ok(Some(Element { tag, content, whole }))
    }

    /// The next value, which has this tag.
    pub fn expect(&mut self, tag: u32) -> Result<&'a [u8], Malformed> {
        self.optional(tag)?.ok_or(Malformed)
    }

    /// The next value whole, which has this tag.
    pub fn expect_whole(&mut self, tag: u32) -> Result<&'a [u8], Malformed> {
        match self.next()? {
            Some(element) if element.tag == tag => Ok(element.whole),
            Some(_) | None => Err(Malformed),
        }
    }

    /// The next value if it has this tag; any other stays.
    pub fn optional(&mut self, tag: u32) -> Result<Option<&'a [u8]>, Malformed> {
        let mut ahead = *self;
        match ahead.next()? {
            Some(element) if element.tag == tag => {
                *self = ahead;
                Ok(Some(element.content))
            }
            Some(_) | None => Ok(None),
        }
    }

    /// That nothing follows.
    pub const fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// All that follow, at most `most`.
    pub fn all(mut self, most: usize) -> Result<Vec<Element<'a>>, Malformed> {
        let mut found = Vec::new();
        while let Some(element) = self.next()? {
            if found.len() == most {
                return Err(Malformed);
            }
            found.push(element);
        }
        Ok(found)
    }
}

/// A tag of at most three bytes.
fn tag(bytes: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    let (first, mut rest) = bytes.split_first().ok_or(Malformed)?;
    let mut tag = u32::from(*first);
    if first & 0x1f != 0x1f {
        return Ok((tag, rest));
    }
    for _ in 0..2 {
        let (next, after) = rest.split_first().ok_or(Malformed)?;
        (tag, rest) = (tag << 8 | u32::from(*next), after);
        if next & 0x80 == 0 {
            return Ok((tag, rest));
        }
    }
    Err(Malformed)
}

/// A length below 16 MiB, in its shortest form.
fn length(bytes: &[u8]) -> Result<(usize, &[u8]), Malformed> {
    let (length, rest, least) = match bytes {
        [short @ 0..=0x7f, rest @ ..] => (u32::from(*short), rest, 0),
        [0x81, a, rest @ ..] => (u32::from(*a), rest, 0x80),
        [0x82, a, b, rest @ ..] => (u32::from_be_bytes([0, 0, *a, *b]), rest, 0x100),
        [0x83, a, b, c, rest @ ..] => (u32::from_be_bytes([0, *a, *b, *c]), rest, 0x1_0000),
        [..] => return Err(Malformed),
    };
    if length < least {
        return Err(Malformed);
    }
    Ok((usize::try_from(length).map_err(|_| Malformed)?, rest))
}

/// How long the file is that begins with these bytes, with tag and length; `None` where they say nothing of it.
pub fn whole_len(start: &[u8]) -> Option<usize> {
    let (_, after) = tag(start).ok()?;
    let (length, rest) = length(after).ok()?;
    (start.len() - rest.len()).checked_add(length)
}

/// An INTEGER from 0 to 255.
pub fn small_number(content: &[u8]) -> Result<u8, Malformed> {
    match content {
        [number @ 0..=0x7f] | [0, number @ 0x80..=0xff] => Ok(*number),
        [..] => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_in_its_one_form() {
        for (bytes, tag, content) in [
            (&[0x61, 1, 7][..], 0x61, &[7][..]),
            (&[0x5f, 0x1f, 2, 1, 2], 0x5f1f, &[1, 2]),
            (&[0x5f, 0x0e, 0], 0x5f0e, &[]),
        ] {
            let found = Elements::new(bytes).next().unwrap().unwrap();
            assert_eq!((found.tag, found.content, found.whole), (tag, content, bytes));
            assert_eq!(whole_len(bytes), Some(bytes.len()));
        }
        let long = [&[0x30, 0x81, 0x80][..], &[0; 128]].concat();
        assert_eq!(Elements::only(&long, 0x30).map(|all| all.rest.len()), Ok(128));
    }

    #[test]
    fn every_other_form_is_refused() {
        for bytes in [
            &[0x61][..],
            &[0x61, 2, 7],
            &[0x61, 0x80, 0, 0],             // indefinite
            &[0x61, 0x81, 1, 7],             // not the shortest
            &[0x61, 0x82, 0, 0x80, 7],       // not the shortest
            &[0x61, 0x84, 0, 0, 0, 1, 7],    // longer than any file
            &[0x5f, 0x9f, 0x9f, 0x1f, 1, 7], // a tag of four bytes
            &[0x5f],
        ] {
            assert_eq!(Elements::new(bytes).next(), Err(Malformed), "{bytes:02x?}");
            assert!(whole_len(bytes).is_none_or(|whole| whole > bytes.len()), "{bytes:02x?}");
        }
        assert!(Elements::only(&[0x61, 0, 0], 0x61).is_err(), "trailing bytes");
    }
}
