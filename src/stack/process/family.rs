//! Finds the processes that belong together.

use std::collections::BTreeSet;

use super::members::Member;

/// The processes for which `is_root` is true, with all their descendants and all processes in the
/// same process groups. A service's leader starts in a new group, so every group found this way
/// belongs to the service.
pub(super) fn family(all: &[Member], is_root: impl Fn(&Member) -> bool) -> Vec<Member> {
    let mut family: Vec<Member> = all
        .iter()
        .filter(|member| is_root(member))
        .copied()
        .collect();
    let mut pids: BTreeSet<i32> = family.iter().map(|member| member.pid).collect();
    let mut groups: BTreeSet<i32> = family.iter().map(|member| member.group).collect();
    let mut has_grown = !family.is_empty();
    while has_grown {
        has_grown = false;
        for member in all {
            let belongs = pids.contains(&member.parent) || groups.contains(&member.group);
            if belongs && pids.insert(member.pid) {
                groups.insert(member.group);
                family.push(*member);
                has_grown = true;
            }
        }
    }
    family
}

#[cfg(test)]
mod tests {
    use super::super::members::State;
    use super::*;

    fn member(pid: i32, parent: i32, group: i32) -> Member {
        Member {
            pid,
            parent,
            group,
            state: State::Awake,
            start_ticks: 0,
        }
    }

    /// All trees of four processes, each in its own group or its parent's, each with or without a
    /// mark. Every process with a marked ancestor is found; of the others, only those that share a
    /// group with a found one.
    #[test]
    fn descendants_and_groups_are_found_and_nobody_else_in_every_small_world() {
        const STRANGERS: i32 = 1;
        let mut worlds = 0;
        for shape in 0..(2 * 3 * 4) {
            let parents = [STRANGERS, 1 + shape % 2, 1 + shape / 2 % 3, 1 + shape / 6];
            for own_groups in 0..16 {
                let mut all: Vec<Member> = Vec::new();
                for (pid, parent) in (2..).zip(parents) {
                    let inherited = all
                        .iter()
                        .find(|m| m.pid == parent)
                        .map_or(STRANGERS, |m| m.group);
                    // A driver starts processes in a new group, so none below shares an unrelated
                    // group.
                    let own = own_groups >> (pid - 2) & 1 == 1 || parent == STRANGERS;
                    all.push(member(pid, parent, if own { pid } else { inherited }));
                }
                for marks in 0..16 {
                    let marked = |m: &Member| marks >> (m.pid - 2) & 1 == 1;
                    let found: BTreeSet<i32> = family(&all, marked).iter().map(|m| m.pid).collect();
                    for one in &all {
                        let kin = |m: &&Member| m.pid != one.pid && m.group == one.group;
                        let is_near = found.contains(&one.parent)
                            || all.iter().filter(kin).any(|m| found.contains(&m.pid));
                        let is_found = found.contains(&one.pid);
                        assert!(is_found || !is_near && !marked(one), "{all:?} {marks:b}");
                        assert!(!is_found || is_near || marked(one), "{all:?} {marks:b}");
                    }
                    assert_eq!(found.is_empty(), marks == 0);
                    worlds += 1;
                }
            }
        }
        assert_eq!(worlds, 24 * 16 * 16);
    }

    #[test]
    fn an_orphan_is_known_by_its_group() {
        // Its parent has ended, so init has adopted it. It is in the marked process's group.
        let all = [member(10, 1, 10), member(11, 1, 10), member(12, 1, 12)];
        let found: Vec<i32> = family(&all, |m| m.pid == 10)
            .iter()
            .map(|m| m.pid)
            .collect();
        assert_eq!(found, [10, 11]);
    }
}
