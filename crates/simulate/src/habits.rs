//! Habits: who crosses when and how often, and what honest people get wrong, read from data.
//!
//! Lives here: [`Habits`], [`Habit`], [`Way`], [`Life`]. Not here: single persons (`population`), a day's plan (`plan`).

use documents::{AuthorityCode, FormCode, Rules};
use serde::Deserialize;
use toml::Spanned;

use crate::calendar::DayKind;
use crate::fault::{DataFault, Source};

/// The file name of the built-in habits.
pub const FILE: &str = "habits.toml";
const TEXT: &str = include_str!("../data/habits.toml");

/// One habit.
#[derive(Debug, Clone)]
pub struct Habit {
    /// Its name.
    pub name: String,
    /// One sentence.
    pub says: String,
    /// Its share of all people, in millionths.
    pub share: u32,
    /// Youngest and oldest.
    pub ages: (i64, i64),
    work: u32,
    rest: u32,
    feast: u32,
    /// Minutes of the day between which a person's usual time lies.
    pub leave: (i64, i64),
    /// Minutes around it.
    pub spread: i64,
    /// Minutes there.
    pub stay: (i64, i64),
    /// Nights there.
    pub nights: (i64, i64),
    /// Out and back on one day.
    pub round_trips: (i64, i64),
    /// The share that declared frequent crossings.
    pub declared: u32,
    /// The share of trips through another port than the usual one.
    pub other_port: u32,
    /// How many go together.
    pub together: (i64, i64),
    /// From where to where, and with which papers.
    pub ways: Vec<Way>,
}

impl Habit {
    /// The chance that somebody goes on such a day, in millionths.
    pub const fn goes(&self, kind: DayKind) -> u32 {
        match kind {
            DayKind::Work => self.work,
            DayKind::Rest => self.rest,
            DayKind::Feast => self.feast,
        }
    }
}

/// From where to where, and with which papers.
#[derive(Debug, Clone)]
pub struct Way {
    /// Where they live.
    pub base: AuthorityCode,
    /// Where they go.
    pub to: AuthorityCode,
    /// Whose resident they are.
    pub home: AuthorityCode,
    /// The form of endorsement, for residents of the mainland.
    pub form: Option<FormCode>,
    /// Its share, in millionths.
    pub share: u32,
}

/// What happens to honest people, in millionths.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// A person, 28 days: they change their phone and enrol again.
    pub new_phone: u32,
    /// A person, 28 days: lost or stolen without misuse, reported, enrolled again.
    pub phone_lost: u32,
    /// A person, 28 days: another document of theirs is lost and reported.
    pub card_lost: u32,
    /// A person, 28 days: the document is renewed.
    pub renewed: u32,
    /// A person with a new phone: enrols two or three times until it works.
    pub tries_enrolment_again: u32,
    /// A device.
    pub software_keys: u32,
    /// A device.
    pub no_attestation: u32,
    /// A device.
    pub clock_bad: u32,
    /// A household whose members share a phone and never declared it.
    pub shared_undeclared: u32,
    /// A crossing: glare, a turned head, a hat.
    pub poor_capture: u32,
    /// A poor picture: the lane's ordinary second picture is a usual one.
    pub retaken: u32,
    /// A crossing: the same code read again at the same lane.
    pub reads_twice: u32,
    /// A crossing: a code that was too old or held wrongly, then a fresh one.
    pub code_refused: u32,
    /// A crossing and authority: its record does not get through.
    pub unrecorded: u32,
    /// A person: a paper pass, no wallet to unlock.
    pub no_phone: u32,
    /// A crossing: the card lies at home.
    pub no_document: u32,
    /// Honest crossings with a measure for the face alone, after which somebody is photographed anew.
    pub photo_renewed_after: u32,
}

/// All habits.
#[derive(Debug, Clone)]
pub struct Habits {
    /// Each of them.
    pub all: Vec<Habit>,
    /// What honest people get wrong.
    pub life: Life,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    habit: Vec<HabitRow>,
    life: LifeRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HabitRow {
    name: String,
    says: String,
    share: Spanned<f64>,
    ages: Spanned<[i64; 2]>,
    work: Spanned<f64>,
    rest: Spanned<f64>,
    feast: Spanned<f64>,
    leave: Spanned<[i64; 2]>,
    spread: i64,
    stay: Spanned<[i64; 2]>,
    nights: Spanned<[i64; 2]>,
    round_trips: Spanned<[i64; 2]>,
    declared: Spanned<f64>,
    other_port: Spanned<f64>,
    together: Spanned<[i64; 2]>,
    ways: Vec<Spanned<WayRow>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WayRow {
    base: AuthorityCode,
    to: AuthorityCode,
    home: AuthorityCode,
    form: String,
    share: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LifeRow {
    new_phone: Spanned<f64>,
    phone_lost: Spanned<f64>,
    card_lost: Spanned<f64>,
    renewed: Spanned<f64>,
    tries_enrolment_again: Spanned<f64>,
    software_keys: Spanned<f64>,
    no_attestation: Spanned<f64>,
    clock_bad: Spanned<f64>,
    shared_undeclared: Spanned<f64>,
    poor_capture: Spanned<f64>,
    retaken: Spanned<f64>,
    reads_twice: Spanned<f64>,
    code_refused: Spanned<f64>,
    unrecorded: Spanned<f64>,
    no_phone: Spanned<f64>,
    no_document: Spanned<f64>,
    photo_renewed_after: u32,
}

impl Habits {
    /// The built-in habits.
    ///
    /// # Errors
    /// [`DataFault`] if the built-in file is broken, which a test rules out.
    pub fn builtin(rules: &Rules) -> Result<Self, DataFault> {
        Self::read(FILE, TEXT, rules)
    }

    /// Reads habits; forms of endorsements are those of `rules`.
    ///
    /// # Errors
    /// [`DataFault`] for the first thing that is wrong.
    pub fn read(file: &str, text: &str, rules: &Rules) -> Result<Self, DataFault> {
        let source = Source::new(file, text);
        let read: File = source.read()?;
        let all =
            read.habit.into_iter().map(|row| habit(source, row, rules)).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() {
            return Err(source.fault(0, "write at least one habit"));
        }
        let row = read.life;
        let life = Life {
            new_phone: source.share(&row.new_phone)?,
            phone_lost: source.share(&row.phone_lost)?,
            card_lost: source.share(&row.card_lost)?,
            renewed: source.share(&row.renewed)?,
            tries_enrolment_again: source.share(&row.tries_enrolment_again)?,
            software_keys: source.share(&row.software_keys)?,
            no_attestation: source.share(&row.no_attestation)?,
            clock_bad: source.share(&row.clock_bad)?,
            shared_undeclared: source.share(&row.shared_undeclared)?,
            poor_capture: source.share(&row.poor_capture)?,
            retaken: source.share(&row.retaken)?,
            reads_twice: source.share(&row.reads_twice)?,
            code_refused: source.share(&row.code_refused)?,
            unrecorded: source.share(&row.unrecorded)?,
            no_phone: source.share(&row.no_phone)?,
            no_document: source.share(&row.no_document)?,
            photo_renewed_after: row.photo_renewed_after.max(1),
        };
        Ok(Self { all, life })
    }
}

fn habit(source: Source<'_>, row: HabitRow, rules: &Rules) -> Result<Habit, DataFault> {
    let (ages, together) = (source.span(&row.ages)?, source.span(&row.together)?);
    if ages.0 < 7 || ages.1 > 110 {
        // Lanes serve from 7 on (crates/documents/data/lanes.toml).
        return Err(source.fault(row.ages.span().start, "write ages from 7 to 110"));
    }
    if together.0 < 1 || together.1 > 8 {
        return Err(source.fault(row.together.span().start, "one to eight go together"));
    }
    let ways = row.ways.iter().map(|way| {
        let at = way.span().start;
        let way = way.get_ref();
        if way.base == way.to {
            return Err(source.fault(at, "a way leads from one place to another"));
        }
        let form = rules.form_by_id(&way.form).map(|form| form.code);
        if (way.home == AuthorityCode::Chn) != form.is_some() {
            return Err(
                source.fault(at, "a resident of the mainland, and nobody else, has a form of endorsement")
            );
        }
        Ok(Way { base: way.base, to: way.to, home: way.home, form, share: source.share(&way.share)? })
    });
    Ok(Habit {
        share: source.share(&row.share)?,
        ages,
        work: source.share(&row.work)?,
        rest: source.share(&row.rest)?,
        feast: source.share(&row.feast)?,
        leave: source.span(&row.leave)?,
        spread: row.spread.clamp(0, 600),
        stay: source.span(&row.stay)?,
        nights: source.span(&row.nights)?,
        round_trips: source.span(&row.round_trips)?,
        declared: source.share(&row.declared)?,
        other_port: source.share(&row.other_port)?,
        together,
        ways: ways.collect::<Result<_, _>>()?,
        name: row.name,
        says: row.says,
    })
}
