//! What the lane itself says: hours, direction, and whether it serves this holder.
//!
//! Lives here: the lane's own answer, as far as one authority can judge it from its view.
//! Not here: the documents' answer (`judge`).

use crate::rules::{Counting, LaneRule, Mode, Port, Reserved};
use crate::{AuthorityCode, ClosedReason, LaneAnswer, LaneKind, LaneReason, Means, Question, Rules, View};

/// The lane's answer for the holder of `view`, as far as its authority can judge it.
pub(crate) fn answer(rules: &Rules, view: &View, question: &Question) -> LaneAnswer {
    let port = match open_port(rules, question) {
        Ok(port) => port,
        Err(why) => return LaneAnswer::Closed { why },
    };
    let lane = Lane { rules, view, question, port };
    match lane.serves(question.lane) {
        Ok(()) => LaneAnswer::Open,
        Err(why) => LaneAnswer::NotOpenToHolder { why, open: lane.other(why) },
    }
}

/// The port's record, if it lies on this way and serves passengers now.
fn open_port<'a>(rules: &'a Rules, question: &Question) -> Result<&'a Port, ClosedReason> {
    if !rules.knows_port(&question.port) {
        return Err(ClosedReason::UnknownPort);
    }
    let port = rules.port(&question.port, question.at.local_date()).ok_or(ClosedReason::PortClosed)?;
    if !port.serves(question.direction) {
        return Err(ClosedReason::WrongPort);
    }
    if port.hours == crate::rules::Hours::Closed {
        return Err(ClosedReason::PortClosed);
    }
    if !rules.port_open_at(port, question.at) {
        return Err(ClosedReason::Hours);
    }
    if question.by.is_some_and(|by| !port.by.contains(&by)) {
        return Err(ClosedReason::Means);
    }
    // Reported, undated: walkers at the Zhuhai-Macao hall of the bridge wait for 08:00.
    let walker = question.by == Some(Means::Foot) && port.id.as_str() == "hzmb-zhu-mac";
    let night = !(480..1320).contains(&question.at.local_minute_of_day());
    if walker && night && rules.switches().hzmb_zhu_mac_walkers_by_day_only {
        return Err(ClosedReason::Hours);
    }
    Ok(port)
}

/// The rules that govern a kind of lane at the question's port and moment.
pub(crate) fn rules_for<'a>(rules: &'a Rules, question: &Question, kind: LaneKind) -> Vec<&'a LaneRule> {
    let day = question.at.local_date();
    let modes: &[Mode] = rules.port(&question.port, day).map_or(&[], |p| &p.modes);
    let direction = question.direction;
    let governs = |r: &&LaneRule| {
        r.kinds.contains(&kind)
            && (r.ports.is_empty() || r.ports.contains(&question.port))
            && (r.modes.is_empty() || r.modes.iter().any(|m| modes.contains(m)))
            && (r.between.is_empty()
                || (r.between.contains(&direction.from()) && r.between.contains(&direction.to())))
            && r.stands.is_none_or(|place| direction.side_of(place).is_some())
            && (r.by.is_empty() || question.by.is_some_and(|by| r.by.contains(&by)))
            && r.from.is_none_or(|f| f <= day)
            && r.to.is_none_or(|t| day <= t)
            && r.hours.is_none_or(|h| h.hold_at(question.at.local_minute_of_day(), 0))
    };
    rules.lanes().iter().filter(governs).collect()
}

struct Lane<'a> {
    rules: &'a Rules,
    view: &'a View,
    question: &'a Question,
    port: &'a Port,
}

impl Lane<'_> {
    /// Whether a lane of `kind` serves the holder.
    fn serves(&self, kind: LaneKind) -> Result<(), LaneReason> {
        let governing = rules_for(self.rules, self.question, kind);
        let opened = governing.iter().any(|r| r.opens.contains(&self.question.port));
        if !(self.port.lanes.contains(&kind) || opened) {
            return Err(LaneReason::NoSuchLane);
        }
        governing.iter().try_for_each(|rule| self.meets(rule))
    }

    /// Another kind of lane here. A child is shown to the officer's counter at once.
    fn other(&self, why: LaneReason) -> Option<LaneKind> {
        let kinds: &[LaneKind] = match why {
            LaneReason::Age | LaneReason::Height => &[LaneKind::Manual],
            LaneReason::NotRegistered
            | LaneReason::ResidenceClass
            | LaneReason::DocumentKind
            | LaneReason::EndorsementKind
            | LaneReason::NoSuchLane
            | LaneReason::PortReserved => &[LaneKind::Code, LaneKind::Manual],
        };
        kinds.iter().copied().find(|k| *k != self.question.lane && self.serves(*k).is_ok())
    }

    fn meets(&self, rule: &LaneRule) -> Result<(), LaneReason> {
        let holder = &self.view.holder;
        let day = self.question.at.local_date();
        let age = holder.birth.age_on(day);
        let governed = (rule.homes.is_empty() || rule.homes.contains(&holder.home))
            && rule.below_age.is_none_or(|below| age < i16::from(below));
        if !governed {
            return Ok(());
        }
        if rule.opened.is_some_and(|opened| day < opened) {
            return Err(LaneReason::NoSuchLane);
        }
        if let Some(reserved) = rule.reserved_for
            && !self.reserved(reserved)
        {
            return Err(LaneReason::PortReserved);
        }
        if rule.min_age.is_some_and(|least| age < i16::from(least)) {
            return Err(LaneReason::Age);
        }
        let too_short = |least: Option<u16>| least.is_some_and(|cm| !holder.is_as_tall_as(cm));
        if (rule.tall_enough && !holder.tall_enough) || too_short(rule.min_height_cm) {
            return Err(LaneReason::Height);
        }
        let small = rule.unregistered_below_age.is_some_and(|below| age < i16::from(below))
            || too_short(rule.unregistered_below_cm);
        if rule.registered && !small && !holder.registered {
            return Err(LaneReason::NotRegistered);
        }
        let class = holder.residence(holder.home);
        let fits = |(of, asked): &(AuthorityCode, Option<_>)| {
            *of == holder.home && (asked.is_none() || *asked == class)
        };
        if !rule.residents.is_empty() && !rule.residents.iter().any(fits) {
            return Err(LaneReason::ResidenceClass);
        }
        let kind = self.view.document.as_ref().map(crate::Document::kind);
        if !rule.documents.is_empty() && kind.is_some_and(|k| !rule.documents.contains(&k)) {
            return Err(LaneReason::DocumentKind);
        }
        if kind.is_some_and(|k| rule.not_documents.contains(&k)) {
            return Err(LaneReason::DocumentKind);
        }
        if !rule.letters.is_empty() && holder.home == AuthorityCode::Chn && !self.endorsed(rule) {
            return Err(LaneReason::EndorsementKind);
        }
        if holder.home.is_sar() && rule.regional_residents_from.is_some_and(|from| day < from) {
            return Err(LaneReason::NoSuchLane);
        }
        Ok(())
    }

    /// Whether the card carries an endorsement of the letters that the rule serves, for this crossing.
    fn endorsed(&self, rule: &LaneRule) -> bool {
        let direction = self.question.direction;
        let day = self.question.at.local_date();
        let outward = direction.to().is_sar();
        let place = if outward { direction.to() } else { direction.from() };
        self.view.document.iter().flat_map(|d| &d.endorsements).any(|e| {
            let form = self.rules.form(e.form);
            e.destination == place
                && e.valid_from <= day
                && (!outward || day <= e.valid_to)
                && form.is_some_and(|f| {
                    rule.letters.contains(&f.letter) && (!rule.multiple || f.counting == Counting::Multiple)
                })
        })
    }

    fn reserved(&self, reserved: Reserved) -> bool {
        match reserved {
            Reserved::ZoneStaff => self.view.holder.zone_staff,
            Reserved::ResidentsOfMacaoAndStay => {
                let stays = |f: &crate::rules::Form| f.letter == "D";
                self.view.holder.residence(AuthorityCode::Mac).is_some()
                    || self
                        .view
                        .document
                        .iter()
                        .flat_map(|d| &d.endorsements)
                        .any(|e| self.rules.form(e.form).is_some_and(stays))
            }
        }
    }
}
