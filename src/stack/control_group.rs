//! Where the control groups of a process are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where control groups are mounted.
const ROOT: &str = "/sys/fs/cgroup";

/// The folder of each controller whose control group a process is in. Version 2 has one folder for
/// all controllers, under an empty name. None if there is no such process.
pub fn folders(pid: u32) -> Option<BTreeMap<String, PathBuf>> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    Some(listed(&groups))
}

/// The folders in a list of lines `HIERARCHY:CONTROLLERS:PATH`.
fn listed(groups: &str) -> BTreeMap<String, PathBuf> {
    let mut folders = BTreeMap::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        // A hierarchy of version 1 with a name and without a controller measures nothing.
        for name in controllers.split(',').filter(|name| !name.contains('=')) {
            let folder = Path::new(ROOT).join(name);
            folders.insert(name.to_owned(), folder.join(path.trim_start_matches('/')));
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders_of(groups: &str) -> Vec<(String, String)> {
        let folders = listed(groups).into_iter();
        let shown = |(name, folder): (String, PathBuf)| (name, folder.display().to_string());
        folders.map(shown).collect()
    }

    fn pair(name: &str, folder: &str) -> (String, String) {
        (name.to_owned(), folder.to_owned())
    }

    #[test]
    fn version_2_has_one_folder() {
        let expected = [pair("", "/sys/fs/cgroup/system.slice/docker-12ab.scope")];
        assert_eq!(folders_of("0::/system.slice/docker-12ab.scope\n"), expected);
    }

    #[test]
    fn version_1_has_a_folder_for_each_controller() {
        let groups = "5:cpu,cpuacct:/docker/12ab\n1:name=systemd:/docker/12ab\n3:pids:/a:b\nx\n";
        let expected = [
            pair("cpu", "/sys/fs/cgroup/cpu/docker/12ab"),
            pair("cpuacct", "/sys/fs/cgroup/cpuacct/docker/12ab"),
            pair("pids", "/sys/fs/cgroup/pids/a:b"),
        ];
        assert_eq!(folders_of(groups), expected);
    }

    #[test]
    fn a_process_that_is_not_there_is_in_no_group() {
        assert!(folders(std::process::id()).is_some());
        assert_eq!(folders(u32::MAX), None);
    }
}
