//! Frames: reads grey frames from standard input and says of each what stands on it, for the test that holds the wallet's reader
//! and this one beside each other on the same frames (`web/wallet/test/zone.test.ts`). `-- TODAY`, as `2026-11-25`.
//!
//! A frame is its width and height, four bytes each with the most significant first, and a byte for each pixel. The answer is a line:
//! the microseconds it took, a blank, and the zone's lines with `/` between them, or `-`.

use std::io::{self, Read, Write};

use documents::LocalDate;
use zone::{GreyFrame, MAX_PIXELS, read_zone};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let today: LocalDate = std::env::args().nth(1).ok_or("say today's date, as 2026-11-25")?.parse()?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut sides = [0; 8];
    while read_head(&mut input, &mut sides)? {
        let side = |bytes: Option<&[u8; 4]>| bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let (width, height) = (side(sides.first_chunk()), side(sides.last_chunk()));
        let length = usize::try_from(u64::from(width) * u64::from(height))?;
        if length > MAX_PIXELS {
            return Err("a frame with too many pixels".into());
        }
        let mut pixels = vec![0; length];
        input.read_exact(&mut pixels)?;
        #[expect(clippy::disallowed_methods, reason = "a measurement: the example reads the stopwatch")]
        let begun = std::time::Instant::now();
        let found = GreyFrame::new(width, height, pixels).ok().and_then(|frame| read_zone(&frame, today));
        let taken = begun.elapsed().as_micros();
        let said = found.map_or_else(|| "-".to_owned(), |zone| zone.text().replace('\n', "/"));
        writeln!(output, "{taken} {said}")?;
        output.flush()?;
    }
    Ok(())
}

/// Whether there is another frame; then its width and height are in `sides`.
fn read_head(input: &mut impl Read, sides: &mut [u8; 8]) -> io::Result<bool> {
    match input.read_exact(sides) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
