//! Cut: rows above each other as the lines of a zone, each from a first character on.
//!
//! Lives here: [`Cut`], which rows follow each other, all ways to begin them. Not here: what the characters are (`judge`).

use documents::MrzFormat;

use crate::row::Row;

/// So much longer or shorter than a line a row may be, in characters.
const SPARE: f64 = 4.0;

/// Rows as lines of a zone.
pub(crate) struct Cut<'a> {
    pub(crate) format: MrzFormat,
    pub(crate) lines: Vec<CutLine<'a>>,
}

/// A row, whose character `start` is the first of a line.
#[derive(Clone, Copy)]
pub(crate) struct CutLine<'a> {
    pub(crate) row: &'a Row,
    start: f64,
}

impl CutLine<'_> {
    /// Character `n` of the line, as the row counts.
    pub(crate) fn k(&self, n: f64) -> f64 {
        self.start + n
    }

    pub(crate) fn x(&self, n: f64) -> f64 {
        self.row.x(self.k(n))
    }

    pub(crate) fn y(&self, n: f64) -> f64 {
        self.row.y(self.x(n))
    }
}

/// Characters of a line.
pub(crate) const fn length(format: MrzFormat) -> u8 {
    match format {
        MrzFormat::Td1 => 30,
        MrzFormat::Td2 => 36,
        MrzFormat::Td3 => 44,
    }
}

/// All ways in which rows may be a zone of one of these layouts.
pub(crate) fn cuts<'a>(rows: &'a [Row], formats: &'a [MrzFormat]) -> impl Iterator<Item = Cut<'a>> {
    let after = |upper: &'a Row| rows.iter().filter(move |lower| follows(upper, lower));
    rows.iter().flat_map(move |one| after(one).map(move |two| (one, two))).flat_map(move |(one, two)| {
        formats.iter().flat_map(move |format| {
            let lines: Vec<Vec<&Row>> = match format {
                MrzFormat::Td1 => after(two).map(|three| vec![one, two, three]).collect(),
                MrzFormat::Td2 | MrzFormat::Td3 => vec![vec![one, two]],
            };
            lines.into_iter().flat_map(|lines| aligned(&lines, two, *format))
        })
    })
}

/// Whether `lower` stands where the next line of the same zone would.
fn follows(upper: &Row, lower: &Row) -> bool {
    let (above, below) = (upper.pitch(), lower.pitch());
    let x = f64::midpoint(upper.x(upper.middle()), lower.x(lower.middle()));
    let gap = (lower.y(x) - upper.y(x)) / above;
    (above / below - 1.0).abs() < 0.1
        && (upper.slope() - lower.slope()).abs() < 0.06
        && gap > 1.3
        && gap < 3.3
}

/// All ways in which these rows may begin, the likeliest first.
fn aligned<'a>(rows: &[&'a Row], second: &Row, format: MrzFormat) -> Vec<Cut<'a>> {
    let shifts: Vec<f64> = rows.iter().map(|row| shift(row, second)).collect();
    let left = whole(shifts.iter().copied().fold(f64::INFINITY, f64::min));
    let ends = rows.iter().zip(&shifts).map(|(row, shift)| shift + row.last - row.first);
    let right = whole(ends.fold(f64::NEG_INFINITY, f64::max));
    let (length, found) = (f64::from(length(format)), right - left + 1.0);
    let spare = length - found;
    if spare.is_nan() || spare.abs() > SPARE || shifts.iter().any(|shift| shift.is_nan()) {
        return Vec::new();
    }
    let starts = std::iter::successors(Some(0.0), |by| Some(by + 1.0)).take_while(|by| *by <= spare.abs());
    let cut = |by: f64| {
        let start = if spare >= 0.0 { left - by } else { left + by };
        let line = |(row, shift): (&&'a Row, &f64)| {
            let complete = row.last - row.first + 1.0 == length;
            let own = if complete { row.first } else { whole(start - shift) + row.first };
            CutLine { row, start: own }
        };
        Cut { format, lines: rows.iter().zip(&shifts).map(line).collect() }
    };
    starts.map(cut).collect()
}

/// Where a row's first character would stand in the second row, had it been moved there squarely.
fn shift(row: &Row, second: &Row) -> f64 {
    let x = row.x(row.first);
    let square = x + (row.y(x) - second.y(x)) * second.slope();
    let nearer = |k: f64| k + (square - second.x(k)) / crate::segment::or_one(second.step(k));
    (0..3).fold(second.first, |k, _| nearer(k))
}

/// The nearest whole number, halves upwards.
fn whole(number: f64) -> f64 {
    (number + 0.5).floor()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::Patch;
    use crate::row::rows;

    /// Lines of `length` characters below each other, the first `cut` of each unseen.
    fn lines(count: u32, length: u32, cut: u32) -> Vec<Row> {
        let patch = |line: u32, k: u32| Patch {
            x: 60.0 + 18.0 * f64::from(k),
            y: 100.0 + 45.0 * f64::from(line),
            high: 16.0,
        };
        let mut patches: Vec<Patch> =
            (0..count).flat_map(|line| (cut..length).map(move |k| patch(line, k))).collect();
        patches.sort_by(|a, b| a.x.total_cmp(&b.x));
        rows(&patches)
    }

    #[test]
    fn lines_are_cut_as_the_layouts_that_they_may_have() {
        use MrzFormat::{Td1, Td2, Td3};
        for (count, length, cut, expected) in [
            (3, 30, 0, vec![Td1]),
            (3, 30, 2, vec![Td1; 3]),
            (2, 44, 0, vec![Td3]),
            (2, 36, 0, vec![Td2]),
            (2, 36, 1, vec![Td2; 2]),
            (2, 30, 0, vec![]),
            (1, 44, 0, vec![]),
            (2, 50, 0, vec![]),
        ] {
            let rows = lines(count, length, cut);
            let found: Vec<MrzFormat> = cuts(&rows, &[Td1, Td3, Td2]).map(|cut| cut.format).collect();
            assert_eq!(found, expected, "row {count} lines of {length}, {cut} cut");
        }
    }

    #[test]
    fn a_complete_line_begins_at_its_first_character() {
        let rows = lines(3, 30, 0);
        let cut = cuts(&rows, &[MrzFormat::Td1]).next().unwrap();
        for (line, y) in cut.lines.iter().zip([100.0, 145.0, 190.0]) {
            assert!((line.x(0.0) - 60.0).abs() < 0.01 && (line.y(0.0) - y).abs() < 0.01, "row {y}");
        }
    }
}
