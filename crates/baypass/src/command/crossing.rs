//! Which crossing a command is about: the port, the direction, and the lanes that a traveller needs there.

use clap::Args;
use documents::{AuthorityCode, Direction, LaneKind, LocalDate, PortId, Rules, Side};

use crate::failure::{Failure, of};
use crate::install::code_lanes;

/// A port and a direction.
#[derive(Args)]
pub struct CrossingArgs {
    /// The port, such as hengqin.
    #[arg(long)]
    pub port: String,
    /// From where; default: the other side of the port.
    #[arg(long)]
    pub from: Option<AuthorityCode>,
    /// To where: CHN, HKG or MAC.
    #[arg(long)]
    pub to: AuthorityCode,
    /// One side alone, exit or entry, where the two have lanes of their own.
    #[arg(long)]
    pub side: Option<Side>,
}

impl CrossingArgs {
    /// The lanes that a traveller needs: one where both verdicts are taken at once (`None`), else one for each side.
    pub fn sides(
        &self,
        rules: &Rules,
        direction: Direction,
        day: LocalDate,
    ) -> Result<Vec<Option<Side>>, Failure> {
        let port = &self.port;
        let id: PortId = port.parse().map_err(of)?;
        let Some(found) = rules.port(&id, day) else {
            let mut known: Vec<_> = code_lanes(rules).into_iter().map(|lane| lane.port.to_string()).collect();
            known.dedup();
            return Err(Failure::new(format!(
                "there is no port {port} on {day}; known are {}",
                known.join(", ")
            )));
        };
        if !found.serves(direction) {
            let (from, to) = (direction.from(), direction.to());
            return Err(Failure::new(format!(
                "nobody crosses from {from} to {to} at {port}; name another port with --port"
            )));
        }
        if !found.lanes.contains(&LaneKind::Code) {
            return Err(Failure::new(format!("{port} has no lanes for codes; go to an officer's counter")));
        }
        Ok(if found.is_joint() { vec![None] } else { vec![Some(Side::Exit), Some(Side::Entry)] })
    }

    /// The direction at the port towards `to`.
    pub fn direction(&self, rules: &Rules, day: LocalDate) -> Result<Direction, Failure> {
        let (port, to) = (&self.port, self.to);
        let id: PortId = port.parse().map_err(of)?;
        let found = rules.port(&id, day);
        let stand: Vec<_> = found.map(|p| p.authorities().collect()).unwrap_or_default();
        if found.is_some() && !stand.contains(&to) {
            return Err(nowhere(port, to, &stand));
        }
        let others: Vec<AuthorityCode> = stand.iter().copied().filter(|code| *code != to).collect();
        let from = match (self.from, others.as_slice()) {
            (Some(from), _) => from,
            (None, [one]) => *one,
            (None, []) => {
                // Whatever the origin, the port itself is unknown: the sides say so, with the ports that are known.
                if let Some(any) = AuthorityCode::ALL.into_iter().find_map(|from| Direction::new(from, to)) {
                    self.sides(rules, any, day)?;
                }
                return Err(Failure::new(format!("nobody goes to {to} at {port}")));
            }
            (None, _) => {
                return Err(Failure::new(format!("{port} is reached from several places; say --from")));
            }
        };
        Direction::new(from, to).ok_or_else(|| {
            Failure::new("origin and destination are the same; give two different ones with --from and --to")
        })
    }
}

/// A place to which a port does not lead, and those to which it does.
fn nowhere(port: &str, to: AuthorityCode, stand: &[AuthorityCode]) -> Failure {
    let there: Vec<_> = stand.iter().map(|code| code.code()).collect();
    Failure::new(format!(
        "nobody goes to {to} at {port}, which stands between {}; name one of them with --to, or another --port",
        there.join(" and ")
    ))
}
