//! Judge: what a cut's characters are, and whether they may be given out.
//!
//! Lives here: [`judge`], its bounds. Not here: the fields and their check digits (`documents::Mrz`).

use documents::{LocalDate, Mrz, MrzFormat};

use crate::cut::{Cut, CutLine};
use crate::frame::GreyFrame;
use crate::look::look;
use crate::recognise::{Guess, recognise};
use crate::sign::{Form, Kind, Lens, PERMIT, forms, kinds};
use crate::zone::Zone;

/// The least that a character is like its picture.
const ALIKE: f64 = 0.55;
/// The least that a zone's characters are, on average.
const MEAN: f64 = 0.75;
/// The least that a character is ahead of others that no check digit tells from it.
const AHEAD: f64 = 0.03;
/// A character that is less ahead of one that a check digit tells from it is in doubt.
const CLOSE: f64 = 0.05;
/// How far a character may fall behind the average of its zone.
const BEHIND: f64 = 0.13;
/// From where on each step back asks for so much more lead.
const BEHIND_FROM: f64 = 0.035;
const LEAD: f64 = 1.5;
/// So many characters in doubt the check digits may decide.
const MOST_DOUBTS: usize = 7;
const STRETCHES: [f64; 7] = [0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15];

/// The zone, where every check digit holds and no character is in doubt.
pub(crate) fn judge(cut: &Cut<'_>, frame: &GreyFrame<'_>, today: LocalDate) -> Option<Zone> {
    let sight = Sight::of(cut, frame)?;
    let lines = cut.lines.iter().zip(forms(cut.format));
    let lines: Vec<Vec<Guess>> = lines
        .map(|(line, form)| {
            let guesses = sight.guesses(*line, form)?;
            // The number of a Home Return Permit has one form: a letter of two, then digits, of which the first may be an A.
            let as_permit = if is_permit(cut.format, &guesses) { sight.guesses(*line, PERMIT) } else { None };
            Some(as_permit.unwrap_or(guesses))
        })
        .collect::<Option<_>>()?;
    clear(&lines).then(|| settled(&lines, cut.format, today)).flatten()
}

/// Whether a line begins as the first of a Home Return Permit does; no other line may hold a letter of two and the rest.
fn is_permit(format: MrzFormat, line: &[Guess]) -> bool {
    let begins = |code: &[u8; 5]| line.iter().zip(code).all(|(guess, sign)| guess.sign == *sign);
    format == MrzFormat::Td1 && (begins(b"CRCHN") || begins(b"C<CHN"))
}

/// Whether each character is clearly what it is.
fn clear(lines: &[Vec<Guess>]) -> bool {
    let all = || lines.iter().flatten();
    let mean = all().map(|guess| guess.alike).sum::<f64>() / all().count() as f64;
    // A lamp's reflection, or a hair, makes one character another: then it is less like it than the rest of the zone is.
    let clear = |guess: &Guess| {
        let behind = mean - guess.alike;
        let lead = AHEAD + LEAD * (behind - BEHIND_FROM).max(0.0);
        guess.alike >= ALIKE && behind <= BEHIND && guess.ahead >= lead
    };
    mean >= MEAN && all().all(clear)
}

/// Characters that look alike: the check digits choose, where they allow one choice alone.
fn settled(lines: &[Vec<Guess>], format: MrzFormat, today: LocalDate) -> Option<Zone> {
    let mut doubts = 0;
    let mut texts = vec![String::new()];
    for line in lines {
        for guess in line {
            let other = guess.other.filter(|(_, by)| *by < CLOSE).map(|(sign, _)| sign);
            doubts += usize::from(other.is_some());
            if doubts > MOST_DOUBTS {
                return None;
            }
            let mut others: Vec<String> = other.map_or_else(Vec::new, |other| {
                texts.iter().map(|text| format!("{text}{}", char::from(other))).collect()
            });
            texts.iter_mut().for_each(|text| text.push(char::from(guess.sign)));
            texts.append(&mut others);
        }
        texts.iter_mut().for_each(|text| text.push('\n'));
    }
    let mut found = texts.into_iter().filter_map(|text| read(&text, format, today));
    let only = found.next();
    if found.next().is_some() { None } else { only }
}

fn read(text: &str, format: MrzFormat, today: LocalDate) -> Option<Zone> {
    // Without its code a zone may be any text whose numbers happen to fit.
    let codes: &[char] = match format {
        MrzFormat::Td1 | MrzFormat::Td2 => &['A', 'C', 'I'],
        MrzFormat::Td3 => &['P'],
    };
    let mrz = text.starts_with(codes).then(|| Mrz::parse(text, today).ok()).flatten()?;
    Some(Zone::new(text, mrz))
}

/// How sharp a zone is, and how tall its characters are for their distance.
struct Sight<'a> {
    cut: &'a Cut<'a>,
    frame: &'a GreyFrame<'a>,
    lens: Lens,
    stretch: f64,
}

impl<'a> Sight<'a> {
    /// Found on digits; `None` where none of it makes them look like digits.
    fn of(cut: &'a Cut<'a>, frame: &'a GreyFrame<'a>) -> Option<Self> {
        let line = *cut.lines.get(1)?;
        let places = digits(cut.format);
        let alike = |lens: Lens, stretch: f64| {
            let one = |n: &f64| {
                let seen = look(frame, cut, line, *n, stretch)?;
                Some(recognise(&seen, Kind::Digit, lens.pictures(), None).alike)
            };
            places.iter().map(one).sum::<Option<f64>>().unwrap_or(0.0)
        };
        let (stretch, _) = likeliest(STRETCHES.map(|stretch| (stretch, alike(Lens::Soft, stretch))))?;
        let (lens, most) = likeliest(Lens::ALL.map(|lens| (lens, alike(lens, stretch))))?;
        (most >= places.len() as f64 * ALIKE).then_some(Self { cut, frame, lens, stretch })
    }

    fn guesses(&self, line: CutLine<'_>, form: Form) -> Option<Vec<Guess>> {
        let mut guesses: Vec<Guess> = Vec::new();
        let mut n = 0.0;
        for kind in kinds(form) {
            let seen = look(self.frame, self.cut, line, n, self.stretch)?;
            let near = guesses.last().map(|guess| guess.place);
            guesses.push(recognise(&seen, kind, self.lens.pictures(), near));
            n += 1.0;
        }
        Some(guesses)
    }
}

/// The first of those with the most.
fn likeliest<T, const N: usize>(all: [(T, f64); N]) -> Option<(T, f64)> {
    all.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// Where digits stand in the second line whatever the document, of which a few tell.
const fn digits(format: MrzFormat) -> &'static [f64] {
    match format {
        MrzFormat::Td1 => &[0.0, 1.0, 4.0, 5.0, 6.0, 14.0],
        MrzFormat::Td2 => &[13.0, 14.0, 17.0, 18.0, 19.0, 27.0],
        MrzFormat::Td3 => &[9.0, 13.0, 14.0, 17.0, 18.0, 19.0],
    }
}
