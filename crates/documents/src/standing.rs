//! Standing: what one authority's record of past movements amounts to on the day of the question.
//!
//! Lives here: the replay of movements (uses, weeks, stays, tours) and the choice of an endorsement.
//! Not here: verdicts (`judge`). Everything is counted on local dates; a trip is counted once, on its way
//! out for the mainland and at its entry for a region.

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::{Counting, Form, Stay};
use crate::{
    Applied, AuthorityCode, Direction, Document, DocumentNumber, DocumentStatus, Endorsement, EndorsementRef,
    Holder, IsoWeek, LocalDate, Movement, Nationality, PortId, ReasonCode, Refusal, Rules, Side, Timestamp,
    Use,
};

/// A stay in a place where the holder is not at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CurrentStay {
    /// The last lawful day; `None` where there is no limit or where it is not known.
    pub last_day: Option<LocalDate>,
    /// The last day as first granted, by which a side trip must return.
    pub first_last_day: Option<LocalDate>,
    /// The endorsement under which the stay began; `None` where none was needed.
    pub endorsement: Option<EndorsementRef>,
    /// Whether `last_day` of `None` means "no limit" rather than "not known".
    pub known: bool,
}

/// The result of replaying the record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// Where the last movement seen by the authority itself left the person: inside its place or not.
    pub inside: Option<bool>,
    /// The stay in each place, for those who are visitors there.
    pub stays: BTreeMap<AuthorityCode, CurrentStay>,
    /// Stays interrupted by a side trip to the other region.
    suspended: BTreeMap<AuthorityCode, CurrentStay>,
    /// Entries taken from each endorsement.
    pub uses: BTreeMap<EndorsementRef, u16>,
    weeks: BTreeSet<(AuthorityCode, IsoWeek)>,
    first_entry: BTreeMap<EndorsementRef, LocalDate>,
    lapsed: BTreeMap<EndorsementRef, LocalDate>,
    /// Places left after the last lawful day of a stay: the latest such day.
    pub overstays: BTreeMap<AuthorityCode, LocalDate>,
    /// One-time passes: days of entry into the mainland.
    pub home_entries: Vec<LocalDate>,
}

/// Where and when an endorsement is to be used.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub direction: Direction,
    pub port: &'a PortId,
    pub day: LocalDate,
    pub with_group: bool,
    /// Whether this is history: then the card that was in force served, whatever is shown now.
    pub past: bool,
}

impl<'a> Arrival<'a> {
    /// The arrival that a movement of the past was, on its local day.
    const fn of_past(movement: &'a Movement, day: LocalDate) -> Self {
        Self {
            direction: movement.direction,
            port: &movement.port,
            day,
            with_group: movement.with_group,
            past: true,
        }
    }
}

/// The way into a region that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub endorsement: Option<EndorsementRef>,
    /// Whether an entry (or the week) is taken.
    pub spends: bool,
    pub entries_left: Option<u8>,
    pub last_day: Option<LocalDate>,
    /// The last day as first granted, by which a side trip must return.
    pub first_last_day: Option<LocalDate>,
    /// Whether this is the way back from a side trip.
    pub side_trip: bool,
}

/// The judging authority's material, the same for the whole of a judgement.
pub(crate) struct Record<'a> {
    pub rules: &'a Rules,
    pub me: AuthorityCode,
    pub holder: &'a Holder,
    /// The document shown now.
    pub presented: Option<&'a Document>,
    /// Every document known, the presented one among them.
    pub documents: Vec<&'a Document>,
}

impl<'a> Record<'a> {
    /// Replays the movements up to and at `until` that this authority saw or was told of.
    pub(crate) fn standing(&self, movements: &'a [Movement], until: Timestamp) -> Standing {
        let mut seen: Vec<&Movement> = movements.iter().filter(|m| m.at <= until && self.sees(m)).collect();
        // Stable: movements of one instant keep the order in which they were given.
        seen.sort_by_key(|m| m.at);
        let mut standing = Standing::default();
        for movement in seen {
            self.apply(&mut standing, movement);
        }
        standing
    }

    /// An authority sees its own side. The mainland is told of its residents' moves between the regions,
    /// for they spend its rights; a region may be told that one came home, for that ends a side trip.
    fn sees(&self, movement: &Movement) -> bool {
        match (movement.direction.side_of(self.me), movement.applied) {
            // Who leaves the three or comes from outside is seen on the one side that is here.
            (side, Applied::LeftTheThree) => side == Some(Side::Exit),
            (side, Applied::CameFromOutside) => side == Some(Side::Entry),
            (Some(Side::Exit), applied) => applied != Applied::EntryOnly,
            (Some(Side::Entry), applied) => matches!(applied, Applied::Both | Applied::EntryOnly),
            (None, _) => {
                let told = self.me == AuthorityCode::Chn || movement.direction.to() == AuthorityCode::Chn;
                let entered = matches!(movement.applied, Applied::Both | Applied::EntryOnly);
                told && entered && self.holder.home == AuthorityCode::Chn
            }
        }
    }

    fn apply(&self, standing: &mut Standing, movement: &Movement) {
        let (from, to) = (movement.direction.from(), movement.direction.to());
        let day = movement.at.local_date();
        let returned = movement.applied == Applied::Returned;
        match movement.direction.side_of(self.me) {
            Some(Side::Exit) => standing.inside = Some(returned),
            Some(Side::Entry) => standing.inside = Some(true),
            None => {}
        }
        if returned {
            self.turned_back(standing, movement, day);
            return;
        }
        match movement.applied {
            Applied::LeftTheThree => {
                self.depart(standing, movement, day);
                // Who flew away is on no side trip.
                standing.suspended.remove(&from);
                return;
            }
            Applied::CameFromOutside if to == AuthorityCode::Chn => {
                // Home by another way: whatever was begun elsewhere is over.
                standing.stays.clear();
                standing.suspended.clear();
            }
            Applied::CameFromOutside => {}
            Applied::Both | Applied::ExitOnly | Applied::EntryOnly | Applied::Returned => {
                self.depart(standing, movement, day);
            }
        }
        if to == AuthorityCode::Chn && self.me == AuthorityCode::Chn {
            standing.home_entries.push(day);
        }
        // A region learns nothing of arrivals elsewhere; the mainland counts them all.
        let concerns_me = self.me == AuthorityCode::Chn || self.me == to;
        if concerns_me && self.holder.residence(to).is_none() {
            self.arrive(standing, movement, from, to, day);
        }
    }

    /// Ends the stay in the place that was left, or suspends it on the way to the other region.
    fn depart(&self, standing: &mut Standing, movement: &Movement, day: LocalDate) {
        let (from, to) = (movement.direction.from(), movement.direction.to());
        let stay = standing.stays.remove(&from);
        if let Some(last) = stay.and_then(|s| s.last_day).filter(|last| *last < day) {
            standing.overstays.insert(from, last);
        }
        if let Some(reference) = stay.and_then(|s| s.endorsement)
            && self.leaves_the_tour(&reference, movement)
        {
            standing.lapsed.entry(reference).or_insert(day);
        }
        match stay {
            Some(stay) if to.is_sar() => {
                standing.suspended.insert(from, stay);
            }
            Some(_) | None => {}
        }
        if to == AuthorityCode::Chn {
            // The trip is over: what comes next is a new one.
            standing.suspended.clear();
        }
    }

    /// `l-mac-hqtour-lapse`: leaving the group, or any way out but the tour's own port, voids it.
    fn leaves_the_tour(&self, reference: &EndorsementRef, movement: &Movement) -> bool {
        let Some(form) = self.rules.form(reference.form) else { return false };
        if !matches!(form.stay, Stay::Tour(_)) {
            return false;
        }
        let by_its_port = form.ports.get(&reference.destination).is_some_and(|p| p.contains(&movement.port));
        !(by_its_port && movement.with_group && movement.direction.to() == AuthorityCode::Chn)
    }

    fn arrive(
        &self,
        standing: &mut Standing,
        movement: &Movement,
        from: AuthorityCode,
        to: AuthorityCode,
        day: LocalDate,
    ) {
        if to == AuthorityCode::Chn || self.holder.home != AuthorityCode::Chn {
            // By the residents' rules; `from` plays no part in them.
            let known = self.resident_stay(to, day);
            let last_day = movement.granted_until.or(known.flatten());
            let stay = CurrentStay {
                last_day,
                first_last_day: last_day,
                endorsement: None,
                known: known.is_some() || movement.granted_until.is_some(),
            };
            standing.stays.insert(to, stay);
            return;
        }
        let arrival = Arrival::of_past(movement, day);
        let choice = match movement.used {
            Use::Entry(reference) => self.recorded(standing, &reference, day),
            // From outside one enters in transit, on a passport: only what was recorded or granted counts.
            Use::Nothing | Use::Unrecorded if movement.applied == Applied::CameFromOutside => None,
            Use::Nothing => self.unspent(standing, from, to, &arrival),
            Use::Unrecorded => match self.choose(standing, &arrival) {
                Ok(choice) => Some(choice),
                // It happened, whatever the rules say: count it against the right that covers the day.
                Err(_) => self.fallback(standing, &arrival),
            },
        };
        if let Some(choice) = &choice {
            self.count(standing, choice, to, day);
        }
        standing.suspended.remove(&to);
        let last_day = movement.granted_until.or(choice.and_then(|c| c.last_day));
        standing.stays.insert(
            to,
            CurrentStay {
                last_day,
                first_last_day: match choice {
                    // The old limit stands; an extra day granted on the way back does not move it.
                    Some(c) if c.side_trip => c.first_last_day,
                    _ => last_day,
                },
                endorsement: choice.and_then(|c| c.endorsement),
                known: choice.is_some() || movement.granted_until.is_some(),
            },
        );
    }

    /// An exit that came to nothing: whether it counts is a switch.
    fn turned_back(&self, standing: &mut Standing, movement: &Movement, day: LocalDate) {
        let to = movement.direction.to();
        if self.me != AuthorityCode::Chn
            || self.holder.home != AuthorityCode::Chn
            || self.rules.switches().returned_between_halls_restores_entry
        {
            return;
        }
        let arrival = Arrival::of_past(movement, day);
        let choice = match movement.used {
            Use::Entry(reference) => self.recorded(standing, &reference, day),
            Use::Nothing => None,
            Use::Unrecorded => self.choose(standing, &arrival).ok(),
        };
        if let Some(choice) = choice
            && choice.spends
            && let Some(reference) = choice.endorsement
        {
            *standing.uses.entry(reference).or_insert(0) += 1;
            self.count_week(standing, &reference, to, day);
        }
    }

    fn count(&self, standing: &mut Standing, choice: &Choice, to: AuthorityCode, day: LocalDate) {
        let Some(reference) = choice.endorsement else { return };
        standing.first_entry.entry(reference).or_insert(day);
        if choice.spends {
            *standing.uses.entry(reference).or_insert(0) += 1;
            self.count_week(standing, &reference, to, day);
        }
    }

    fn count_week(
        &self,
        standing: &mut Standing,
        reference: &EndorsementRef,
        to: AuthorityCode,
        day: LocalDate,
    ) {
        let weekly = self.rules.form(reference.form).is_some_and(|f| f.counting == Counting::Weekly);
        if weekly {
            // The week follows the person, not the card: a new endorsement does not open it again.
            standing.weeks.insert((to, day.iso_week()));
        }
    }

    /// The choice that the ledger recorded; it takes precedence over the rules.
    fn recorded(&self, standing: &Standing, reference: &EndorsementRef, day: LocalDate) -> Option<Choice> {
        let (document, endorsement) = self.endorsements().find(|(_, e)| e.reference() == *reference)?;
        let form = self.rules.form(endorsement.form)?;
        Some(self.choice(standing, document, endorsement, form, day, true))
    }

    /// The ledger recorded that nothing was taken: a side trip, or a tour's round trip.
    fn unspent(
        &self,
        standing: &Standing,
        from: AuthorityCode,
        to: AuthorityCode,
        arrival: &Arrival<'_>,
    ) -> Option<Choice> {
        self.side_trip(standing, from, to, arrival.day)
            .or_else(|| self.choose(standing, arrival).ok().map(|c| Choice { spends: false, ..c }))
    }

    /// The stay that the region's rules give a resident of the other, or the mainland's rules a holder of a
    /// Home Return Permit. Outer `None`: no rule; inner `None`: no limit.
    pub(crate) fn resident_stay(&self, to: AuthorityCode, day: LocalDate) -> Option<Option<LocalDate>> {
        let class = self.holder.residence(self.holder.home)?;
        let nationality =
            if to == AuthorityCode::Chn { self.mainland_nationality() } else { self.holder.nationality };
        let rule = self.rules.resident_rule(self.holder.home, class, nationality, to, day)?;
        Some(match rule.stay {
            Stay::Days(days) => {
                let counts_entry =
                    to == AuthorityCode::Chn && !self.rules.switches().mainland_90_days_skip_entry_day;
                Some(day.plus_days(i32::from(days) - i32::from(counts_entry)))
            }
            Stay::Months(months) => Some(day.plus_months(i32::from(months))),
            Stay::Unlimited | Stay::Approved | Stay::Window(_) | Stay::Tour(_) => None,
        })
    }

    /// A number HA or MA says "not Chinese" even where no nationality is known.
    pub(crate) fn mainland_nationality(&self) -> Option<Nationality> {
        let non_chinese = self
            .documents
            .iter()
            .any(|d| matches!(&d.number, DocumentNumber::HomeReturnPermit(n) if n.is_non_chinese_form()));
        match self.holder.nationality {
            Some(n) if !n.is_chinese() => Some(n),
            // ICAO 9303-3 section 5: XXX is "unspecified nationality".
            Some(_) | None if non_chinese => "XXX".parse().ok(),
            known => known,
        }
    }

    /// Every endorsement of every document known.
    fn endorsements(&self) -> impl Iterator<Item = (&'a Document, &'a Endorsement)> {
        let documents: Vec<&'a Document> = self.documents.clone();
        documents.into_iter().flat_map(|d| {
            let mut endorsements: Vec<&'a Endorsement> = d.endorsements.iter().collect();
            endorsements.sort();
            endorsements.into_iter().map(move |e| (d, e))
        })
    }

    /// Endorsements that may open something on that day: now those of the card shown, in the past those of
    /// the card in force; those of an older card as well where a switch says so.
    fn usable(&self, day: LocalDate, past: bool) -> Vec<(&'a Document, &'a Endorsement)> {
        let survive = self.rules.switches().endorsements_survive_new_card;
        let usable = |d: &'a Document| {
            let shown = self.presented.is_some_and(|p| std::ptr::eq(p, d));
            let in_force = past
                && d.issued.is_none_or(|i| i <= day)
                && !d.expired_on(day)
                && !self.documents.iter().any(|o| o.replaces(d, day));
            shown || in_force || (survive && d.status == DocumentStatus::Valid)
        };
        self.endorsements().filter(|(d, _)| usable(d)).collect()
    }

    /// The way in for a mainland resident on that day, or why there is none.
    pub(crate) fn choose(&self, standing: &Standing, arrival: &Arrival<'_>) -> Result<Choice, Refusal> {
        let to = arrival.direction.to();
        if let Some(choice) = self.side_trip(standing, arrival.direction.from(), to, arrival.day) {
            return Ok(choice);
        }
        let mut best: Option<(Rank, Choice)> = None;
        let mut worst: Option<Refusal> = None;
        let mut elsewhere = false;
        for (document, endorsement) in self.usable(arrival.day, arrival.past) {
            if endorsement.destination != to {
                elsewhere = true;
                continue;
            }
            match self.evaluate(standing, document, endorsement, arrival) {
                Ok((rank, choice)) if best.as_ref().is_none_or(|(r, _)| rank < *r) => {
                    best = Some((rank, choice));
                }
                Ok(_) => {}
                Err(refusal) => worst = Some(nearer(worst, refusal)),
            }
        }
        match (best, worst) {
            (Some((_, choice)), _) => Ok(choice),
            (None, Some(refusal)) => Err(refusal),
            (None, None) if elsewhere => Err(Refusal::of(ReasonCode::WrongDestination)),
            (None, None) => Err(Refusal::of(ReasonCode::NoEndorsement)),
        }
    }

    /// Only what a region reads on the card when the mainland judges the same trip: destination and dates.
    pub(crate) fn check_card(&self, to: AuthorityCode, day: LocalDate) -> Result<(), Refusal> {
        let mut worst = None;
        let mut elsewhere = false;
        for (_, endorsement) in self.usable(day, false) {
            if endorsement.destination != to {
                elsewhere = true;
                continue;
            }
            let form = self.rules.form(endorsement.form);
            let read = form.ok_or(Refusal::of(ReasonCode::EndorsementUnknown));
            match read.and_then(|form| dates(endorsement, form, day)) {
                Ok(()) => return Ok(()),
                Err(refusal) => worst = Some(nearer(worst, refusal)),
            }
        }
        Err(worst.unwrap_or(Refusal::of(if elsewhere {
            ReasonCode::WrongDestination
        } else {
            ReasonCode::NoEndorsement
        })))
    }

    /// The right under which a region expects the stay, where it leaves the counting to the mainland.
    pub(crate) fn expected(&self, standing: &Standing, arrival: &Arrival<'_>) -> Option<Choice> {
        match self.choose(standing, arrival) {
            Ok(choice) => Some(choice),
            Err(_) => self.fallback(standing, arrival),
        }
    }

    fn fallback(&self, standing: &Standing, arrival: &Arrival<'_>) -> Option<Choice> {
        let (to, day) = (arrival.direction.to(), arrival.day);
        let all = self.usable(day, arrival.past).into_iter().filter(|(_, e)| e.destination == to);
        let choices = all.filter_map(|(document, endorsement)| {
            let form = self.rules.form(endorsement.form)?;
            let choice = self.choice(standing, document, endorsement, form, day, true);
            let covers = endorsement.valid_from <= day && day <= endorsement.valid_to;
            // Of rights that do not cover the day, the one that ended last.
            let ended = (!covers).then_some(std::cmp::Reverse(endorsement.valid_to));
            Some(((!covers, ended, Rank::new(self.class(form), endorsement, &choice)), choice))
        });
        choices.min_by(|one, other| one.0.cmp(&other.0)).map(|(_, choice)| choice)
    }

    /// Hong Kong, Macao, Hong Kong inside the first limit takes no second entry, and the old limit stands.
    fn side_trip(
        &self,
        standing: &Standing,
        from: AuthorityCode,
        to: AuthorityCode,
        day: LocalDate,
    ) -> Option<Choice> {
        let switches = self.rules.switches();
        let allowed = match to {
            AuthorityCode::Hkg => switches.hkg_side_trip && from == AuthorityCode::Mac,
            AuthorityCode::Mac => switches.mac_side_trip && from == AuthorityCode::Hkg,
            AuthorityCode::Chn => false,
        };
        let stay = standing.suspended.get(&to).filter(|_| allowed)?;
        let limit = stay.first_last_day.filter(|l| day <= *l)?;
        let extra = i32::from(day == limit && switches.side_trip_extra_day);
        let under = stay.endorsement.and_then(|r| self.endorsements().find(|(_, e)| e.reference() == r));
        let entries_left = under.and_then(|(_, e)| {
            let used = standing.uses.get(&e.reference()).copied().unwrap_or(0);
            e.entries.map(|granted| left(granted, used))
        });
        // The day more is cut like any other: what was granted before stands, the addition passes no end.
        let mut longer = limit.plus_days(extra);
        if let Some((document, endorsement)) = under {
            longer = self.cut(document, endorsement, longer);
        }
        Some(Choice {
            endorsement: stay.endorsement,
            spends: false,
            entries_left,
            last_day: stay.last_day.map(|l| l.max(longer)),
            first_last_day: stay.first_last_day,
            side_trip: true,
        })
    }

    fn evaluate(
        &self,
        standing: &Standing,
        document: &Document,
        endorsement: &Endorsement,
        arrival: &Arrival<'_>,
    ) -> Result<(Rank, Choice), Refusal> {
        let form = self.rules.form(endorsement.form).ok_or(Refusal::of(ReasonCode::EndorsementUnknown))?;
        let reference = endorsement.reference();
        let day = arrival.day;
        if let Some(since) = standing.lapsed.get(&reference) {
            return Err(Refusal::on(ReasonCode::EndorsementLapsed, *since));
        }
        dates(endorsement, form, day)?;
        let at_its_port =
            form.ports.get(&endorsement.destination).is_none_or(|ports| ports.contains(arrival.port));
        let first = standing.first_entry.get(&reference).copied();
        if let (Stay::Tour(days), Some(first)) = (form.stay, first) {
            // A round trip of the tour: its own port, its group, its seven days; nothing is taken.
            if arrival.direction.from() != AuthorityCode::Chn || first.plus_days(i32::from(days)) < day {
                return Err(Refusal::of(ReasonCode::NoEntriesLeft));
            }
            if !at_its_port {
                return Err(Refusal::of(ReasonCode::WrongPort));
            }
            if !arrival.with_group {
                return Err(Refusal::of(ReasonCode::NotWithGroup));
            }
            let choice = self.choice(standing, document, endorsement, form, day, false);
            return Ok((Rank::new(0, endorsement, &choice), choice));
        }
        if !at_its_port && !matches!(form.stay, Stay::Tour(_)) {
            return Err(Refusal::of(ReasonCode::WrongPort));
        }
        if form.letter == "L" && self.rules.switches().gate_must_see_tour_group && !arrival.with_group {
            return Err(Refusal::of(ReasonCode::NotWithGroup));
        }
        if let (Stay::Window(days), Some(first)) = (form.stay, first) {
            let end = first.plus_days(i32::from(days));
            if end < day {
                return Err(Refusal::on(ReasonCode::EndorsementExpired, end));
            }
        }
        let used = standing.uses.get(&reference).copied().unwrap_or(0);
        match form.counting {
            Counting::Multiple => {}
            Counting::Weekly => {
                let week = day.iso_week();
                if standing.weeks.contains(&(endorsement.destination, week)) {
                    return Err(Refusal::on(ReasonCode::WeekUsed, week.plus_weeks(1).monday()));
                }
            }
            Counting::Entries(most) => {
                if used >= u16::from(endorsement.entries.unwrap_or(most)) {
                    return Err(Refusal::of(ReasonCode::NoEntriesLeft));
                }
            }
        }
        let choice = self.choice(standing, document, endorsement, form, day, true);
        // A stay that the region approved, say, may end before the endorsement does.
        if let Some(last) = choice.last_day.filter(|last| *last < day) {
            return Err(Refusal::on(ReasonCode::EndorsementExpired, last));
        }
        Ok((Rank::new(self.class(form), endorsement, &choice), choice))
    }

    /// What a use of the form loses: nothing, the week, an entry; all alike where a switch says so.
    fn class(&self, form: &Form) -> u8 {
        match form.counting {
            Counting::Weekly if self.rules.switches().prefer_uncounted_endorsement => 2,
            Counting::Entries(_) if self.rules.switches().prefer_uncounted_endorsement => 3,
            Counting::Multiple | Counting::Weekly | Counting::Entries(_) => 1,
        }
    }

    fn choice(
        &self,
        standing: &Standing,
        document: &Document,
        endorsement: &Endorsement,
        form: &Form,
        day: LocalDate,
        takes: bool,
    ) -> Choice {
        let reference = endorsement.reference();
        let used = standing.uses.get(&reference).copied().unwrap_or(0);
        let spends = takes && form.counting != Counting::Multiple;
        let granted = match form.counting {
            Counting::Entries(most) => Some(endorsement.entries.unwrap_or(most)),
            Counting::Multiple | Counting::Weekly => None,
        };
        let last_day = self.last_day(standing, document, endorsement, form, day);
        Choice {
            endorsement: Some(reference),
            spends,
            entries_left: granted.map(|g| left(g, used + u16::from(spends))),
            last_day,
            first_last_day: last_day,
            side_trip: false,
        }
    }

    /// The last lawful day of a stay begun on `day`: the formula, cut where a switch says so.
    fn last_day(
        &self,
        standing: &Standing,
        document: &Document,
        endorsement: &Endorsement,
        form: &Form,
        day: LocalDate,
    ) -> Option<LocalDate> {
        let first = standing.first_entry.get(&endorsement.reference()).copied().unwrap_or(day);
        let last = match self.stay_on(form, day) {
            Stay::Unlimited => return None,
            Stay::Days(days) => day.plus_days(i32::from(days)),
            Stay::Months(months) => day.plus_months(i32::from(months)),
            Stay::Window(days) | Stay::Tour(days) => first.plus_days(i32::from(days)),
            Stay::Approved => endorsement.approved_until.unwrap_or(endorsement.valid_to),
        };
        Some(self.cut(document, endorsement, last))
    }

    /// A last day, cut to the end of the permit and of the endorsement where the switches say so.
    fn cut(&self, document: &Document, endorsement: &Endorsement, last: LocalDate) -> LocalDate {
        let switches = self.rules.switches();
        let permit = document.expires.filter(|_| !switches.stay_may_pass_permit_expiry);
        let right = Some(endorsement.valid_to).filter(|_| !switches.stay_may_pass_endorsement_expiry);
        [permit, right].into_iter().flatten().fold(last, LocalDate::min)
    }

    /// The length of stay by the form, or by the form that took its place by the day of entry.
    fn stay_on(&self, form: &Form, day: LocalDate) -> Stay {
        let later = form.entry_day_form.as_deref().filter(|_| self.rules.switches().s_stay_by_date_of_entry);
        later
            .and_then(|id| self.rules.form_by_id(id))
            .filter(|f| f.issue_from.is_some_and(|from| from <= day))
            .map_or(form.stay, |f| f.stay)
    }
}

/// What loses least comes first: nothing, a multiple right, a week, an entry; then the longer stay; then
/// the one that ends sooner.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    class: u8,
    last_day: std::cmp::Reverse<LocalDate>,
    valid_to: LocalDate,
    reference: EndorsementRef,
    entries_left: std::cmp::Reverse<Option<u8>>,
}

impl Rank {
    fn new(class: u8, endorsement: &Endorsement, choice: &Choice) -> Self {
        let unlimited = LocalDate::from_days_since_epoch(2_900_000).unwrap_or(endorsement.valid_to);
        Self {
            class,
            last_day: std::cmp::Reverse(choice.last_day.unwrap_or(unlimited)),
            valid_to: endorsement.valid_to,
            reference: endorsement.reference(),
            entries_left: std::cmp::Reverse(choice.entries_left),
        }
    }
}

/// Of several refusals the one that says most: a right that is there but used up, before one that is over.
fn nearness(reason: ReasonCode) -> usize {
    const ORDER: [ReasonCode; 7] = [
        ReasonCode::NotWithGroup,
        ReasonCode::WeekUsed,
        ReasonCode::WrongPort,
        ReasonCode::EndorsementLapsed,
        ReasonCode::NoEntriesLeft,
        ReasonCode::EndorsementNotYetValid,
        ReasonCode::EndorsementExpired,
    ];
    ORDER.iter().position(|r| *r == reason).unwrap_or(ORDER.len())
}

/// Of two refusals the one that says most. Of two that say the same: the later end, the earlier beginning.
fn nearer(known: Option<Refusal>, other: Refusal) -> Refusal {
    let Some(known) = known else { return other };
    let key = |refusal: &Refusal| {
        let day = refusal.day.map_or(0, LocalDate::days_since_epoch);
        let begins = refusal.reason == ReasonCode::EndorsementNotYetValid;
        (nearness(refusal.reason), if begins { day } else { -day }, refusal.reason)
    };
    if key(&other) < key(&known) { other } else { known }
}

fn dates(endorsement: &Endorsement, form: &Form, day: LocalDate) -> Result<(), Refusal> {
    if day < endorsement.valid_from {
        return Err(Refusal::on(ReasonCode::EndorsementNotYetValid, endorsement.valid_from));
    }
    let last = form.use_to.map_or(endorsement.valid_to, |u| u.min(endorsement.valid_to));
    if last < day { Err(Refusal::on(ReasonCode::EndorsementExpired, last)) } else { Ok(()) }
}

fn left(granted: u8, used: u16) -> u8 {
    granted.saturating_sub(u8::try_from(used).unwrap_or(u8::MAX))
}
