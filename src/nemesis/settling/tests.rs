//! The whole protocol: every prefix of a journal, every moment at which its run can have died,
//! every state of the service, everything that can still be under way, and every time at which
//! healing begins.

use super::*;
use crate::nemesis::{Account, Record};
use crate::stack::command::{Commands, Driven};

const LIMIT: Duration = Duration::from_secs(7);

const GRACE: Duration = Duration::from_secs(3);

/// The time between two checks. It divides every duration here, so that nothing happens between two
/// checks.
const TICK: Duration = Duration::from_secs(1);

const SECOND: Duration = Duration::from_secs(1);

/// What is left under way by a dead run.
#[derive(Debug, Clone, Copy)]
struct Left {
    /// When a command that was started ends.
    command_until: Option<Duration>,
    /// When the act takes effect; none if it was done already, or never started.
    strikes_at: Option<Duration>,
}

/// A service that a dead run left behind.
struct World {
    runs: bool,
    left: Left,
}

impl World {
    /// Advances the time from one check to the next.
    fn come(&mut self, now: Duration) {
        if self.left.strikes_at.is_some_and(|at| at <= now) {
            self.runs = false;
            self.left.strikes_at = None;
        }
        if self.left.command_until.is_some_and(|at| at <= now) {
            self.left.command_until = None;
        }
    }

    /// Heals by the rule, and returns when that ended.
    fn heal(&mut self, charge: &Charge, from: Duration) -> Duration {
        let mut now = from;
        self.come(now);
        let mut settling = Settling::begin(charge, now);
        loop {
            match settling.next(now, self.left.command_until.is_some()) {
                SettlingStep::UndoAndLookAgain => self.runs = true,
                SettlingStep::UndoAndEnd => {
                    self.runs = true;
                    return now;
                }
                SettlingStep::Wait => {}
                SettlingStep::EndCommand => {
                    // What it has set in motion elsewhere may still come.
                    self.left.command_until = None;
                }
            }
            now += TICK;
            self.come(now);
            assert!(now < from + Duration::from_secs(600), "it never ends");
        }
    }
}

fn container() -> Lease {
    Lease::Container {
        engine: "unix:///engine".to_owned(),
        id: "0123".to_owned(),
        name: "store".to_owned(),
        networks: Vec::new(),
    }
}

fn commands() -> Lease {
    let command = || vec!["true".to_owned()];
    Lease::Commands(Driven {
        commands: Commands {
            name: "store".to_owned(),
            start: command(),
            stop: Some(command()),
            kill: Some(command()),
            status: command(),
            dir: "/".into(),
            limit: LIMIT,
        },
        mark: None,
    })
}

const HARMS: [Act; 4] = [
    Act::Stop {
        grace_ms: GRACE.as_millis() as u64,
    },
    Act::Kill,
    Act::Pause,
    Act::Cut,
];

/// The journal of a service that was harmed twice, by two acts, and healed in between, with the
/// time of each intent.
fn journal(lease: &Lease, first: Act, second: Act, with_times: bool) -> Vec<Record> {
    let service = || "store".to_owned();
    let mut records = vec![Record::Lease {
        service: service(),
        lease: lease.clone(),
    }];
    for (nth, act) in [Act::Start, first, Act::Start, second]
        .into_iter()
        .enumerate()
    {
        let at_ms = with_times.then(|| announced(nth).as_millis() as u64);
        records.push(Record::Intent {
            service: service(),
            act,
            at_ms,
        });
        records.push(Record::Done {
            service: service(),
            act,
        });
    }
    records
}

/// When the nth intent is written. An act may take all the time it has before the next.
fn announced(nth: usize) -> Duration {
    Duration::from_secs(1_000 + 200 * nth as u64)
}

/// All that can be left under way by an act when its run dies at a time.
fn whatever_is_left(lease: &Lease, act: Option<Act>, died: Duration) -> Vec<Left> {
    let nothing = Left {
        command_until: None,
        strikes_at: None,
    };
    let mut all = vec![nothing];
    let seconds = |until: Duration| (0..=until.as_secs()).map(Duration::from_secs);
    match (lease, act) {
        (_, None | Some(Act::Start)) => {}
        (Lease::Container { .. }, Some(act)) => {
            let longest = match act {
                Act::Stop { .. } => OBEYS_WITHIN + ENGINE_DELAY,
                _ => ENGINE_DELAY,
            };
            all.extend(seconds(longest).map(|later| Left {
                strikes_at: Some(died + later),
                ..nothing
            }));
        }
        // A command ends whenever it likes, at the latest when it is ended; what it set in motion
        // strikes within its limit after that.
        (_, Some(_)) => {
            for runs in seconds(LIMIT) {
                for later in seconds(runs + LIMIT) {
                    all.push(Left {
                        command_until: Some(died + runs),
                        strikes_at: Some(died + later),
                    });
                }
            }
        }
    }
    all
}

/// Tries every case with one rule for acts in doubt. Returns how many services stayed broken, of
/// how many.
fn try_everything(judge: impl Fn(&Charge) -> Charge) -> (u64, u64) {
    let (mut broken, mut all) = (0, 0);
    for lease in [container(), commands()] {
        for (first, second) in HARMS.into_iter().flat_map(|a| HARMS.map(|b| (a, b))) {
            for with_times in [true, false] {
                let whole = journal(&lease, first, second, with_times);
                for length in 1..=whole.len() {
                    let prefix = &whole[..length];
                    let (open, since) = match prefix.last() {
                        Some(Record::Intent { act, .. }) => (Some(*act), length / 2 - 1),
                        _ => (None, (length / 2).saturating_sub(1)),
                    };
                    let account = Account::of(prefix.iter().cloned());
                    let charge = judge(&account.charges[0]);
                    let longest = open.map_or(Duration::ZERO, |act| ACT_LIMIT + act.grace());
                    for died in [SECOND, longest / 2, longest].map(|after| announced(since) + after)
                    {
                        for left in whatever_is_left(&lease, open, died) {
                            for begins in [0, 1, 10, 45, 10_000].map(Duration::from_secs) {
                                for runs in [true, false] {
                                    let mut world = World { runs, left };
                                    let ended = world.heal(&charge, died + begins);
                                    all += 1;
                                    // Whatever has not struck by now strikes when everybody has
                                    // gone home.
                                    world.come(ended + Duration::from_secs(100_000));
                                    broken += u64::from(!world.runs);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    (broken, all)
}

#[test]
fn nothing_is_left_broken_whatever_is_under_way() {
    let (broken, all) = try_everything(Charge::clone);
    assert!(all > 100_000, "only {all} worlds were tried");
    assert_eq!(broken, 0, "of {all}");
}

/// The rule from before there were done records: the first check was trusted.
#[test]
fn whoever_believes_the_first_look_leaves_something_broken() {
    let (broken, _) = try_everything(|charge| Charge {
        lease: charge.lease.clone(),
        doubts: Vec::new(),
    });
    assert!(broken > 0);
}

fn heals_within(charge: &Charge, from: Duration) -> Duration {
    let left = Left {
        command_until: None,
        strikes_at: None,
    };
    let mut world = World { runs: true, left };
    world.heal(charge, from) - from
}

/// A heal on the next day need not wait.
#[test]
fn nobody_waits_for_what_is_long_over() {
    let whole = journal(&container(), Act::Kill, Act::Kill, true);
    let charge = &Account::of(whole[..8].iter().cloned()).charges[0];
    assert_eq!(charge.doubts.len(), 1);
    let announced = announced(3);
    assert_eq!(heals_within(charge, announced), ENGINE_DELAY);
    let day = Duration::from_secs(86_400);
    assert_eq!(heals_within(charge, announced + day), Duration::ZERO);
    // The machine has restarted since.
    assert_eq!(heals_within(charge, SECOND), Duration::ZERO);
}

/// An act that was done leaves nothing to wait for.
#[test]
fn a_journal_without_doubts_is_settled_at_the_first_look() {
    let whole = journal(&container(), Act::Kill, Act::Kill, true);
    let charge = &Account::of(whole).charges[0];
    assert_eq!(charge.doubts, []);
    assert_eq!(heals_within(charge, announced(3)), Duration::ZERO);
}

/// A journal may contain any number.
#[test]
fn an_endless_limit_is_taken_as_it_is() {
    for (act, at_ms) in [
        (Act::Kill, Some(0)),
        (Act::Kill, None),
        (Act::Stop { grace_ms: u64::MAX }, Some(0)),
    ] {
        let Lease::Commands(mut driven) = commands() else {
            unreachable!("commands drive it");
        };
        driven.commands.limit = Duration::MAX;
        let lease = Lease::Commands(driven);
        let doubts = vec![Doubt { act, at_ms }];
        let charge = Charge { lease, doubts };
        let mut settling = Settling::begin(&charge, SECOND);
        assert_eq!(settling.next(SECOND, true), SettlingStep::Wait);
        settling.unsure(SECOND);
        assert_eq!(settling.left(Duration::ZERO), Duration::MAX);
    }
}
