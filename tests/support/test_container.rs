//! Containers for the tests: made by the `docker` command, so that what is tested doesn't test itself.

use std::path::Path;
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use comeback::stack::{Observation, Observations};
use tokio::time::{sleep, timeout};

/// No test waits longer than this for anything, on however busy a machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A container that is removed when dropped, also by a failing test.
pub struct TestContainer {
    pub name: String,
    _image: Arc<Image>,
}

/// A network that is removed when dropped, which must be after its containers.
pub struct TestNetwork {
    pub name: String,
}

/// The image of the tests' program; removed when the last container is.
struct Image(String);

impl TestContainer {
    /// Runs the tests' program in a new container, with options of `docker run`.
    pub fn run(options: &[&str], words: &[&str]) -> Self {
        Self::run_as(unique(), options, words)
    }

    /// As [`Self::run`], under a name.
    pub fn run_as(name: String, options: &[&str], words: &[&str]) -> Self {
        let image = image();
        let container = TestContainer {
            name,
            _image: Arc::clone(&image),
        };
        let mut arguments = vec!["run", "--detach", "--name", &container.name];
        arguments.extend(options);
        arguments.push(&image.0);
        arguments.extend(words);
        docker(&arguments);
        container
    }

    /// A value of `docker inspect`.
    pub fn inspect(&self, template: &str) -> String {
        docker(&["inspect", "--format", template, &self.name])
    }

    /// Everything in its log, in no order.
    pub fn log_sorted(&self) -> Vec<String> {
        let output = command(&["logs", &self.name]);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).expect("UTF-8");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

impl Drop for TestContainer {
    fn drop(&mut self) {
        // It may have been removed by the test; whatever this says, there is nothing more to do.
        let _ = command(&["rm", "--force", "--volumes", &self.name]);
    }
}

impl TestNetwork {
    /// Makes a network, with options of `docker network create`.
    pub fn create(options: &[&str]) -> Self {
        let network = TestNetwork { name: unique() };
        let mut arguments = vec!["network", "create"];
        arguments.extend(options);
        arguments.push(&network.name);
        docker(&arguments);
        network
    }
}

impl Drop for TestNetwork {
    fn drop(&mut self) {
        let _ = command(&["network", "rm", &self.name]);
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = command(&["rmi", "--force", &self.0]);
    }
}

/// Runs the `docker` command, which must succeed, and gives its trimmed output.
pub fn docker(arguments: &[&str]) -> String {
    let output = command(arguments);
    let (said, complained) = (output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "docker {arguments:?}: {complained}"
    );
    String::from_utf8(said).expect("UTF-8").trim().to_owned()
}

/// A name that no other test uses, here or in another process.
pub fn unique() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("comeback-test-{}-{next}", process::id())
}

/// Waits for an observation that is wanted, and gives what was made of it.
pub async fn observed<T>(
    observations: &mut Observations,
    wanted: impl Fn(&Observation) -> Option<T>,
) -> T {
    let mut seen = Vec::new();
    let found = timeout(PATIENCE, async {
        while let Some(observation) = observations.recv().await {
            if let Some(found) = wanted(&observation) {
                return Some(found);
            }
            seen.push(observation);
        }
        None
    });
    match found.await {
        Ok(Some(found)) => found,
        _ => panic!("it was not observed; what was: {seen:#?}"),
    }
}

/// Waits until something holds that only asking can tell.
pub async fn eventually(holds: impl Fn() -> bool) {
    let asking = timeout(PATIENCE, async {
        while !holds() {
            sleep(Duration::from_millis(20)).await;
        }
    });
    asking.await.expect("it never held");
}

fn command(arguments: &[&str]) -> process::Output {
    let run = Command::new("docker").args(arguments).output();
    run.expect("an engine answers, so the `docker` command is needed")
}

/// The image, made anew when no container uses it any longer.
fn image() -> Arc<Image> {
    static SHARED: Mutex<Weak<Image>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let image = Arc::new(build_image());
        *shared = Arc::downgrade(&image);
        image
    })
}

/// There may be no registry, so the image holds a static program and nothing else.
fn build_image() -> Image {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique());
    std::fs::create_dir_all(&directory).expect("a directory");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/subject.rs");
    let compiled = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()))
        .args(["--edition", "2024", "-C", "target-feature=+crt-static"])
        .args([
            "--target",
            &format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
        ])
        .arg("-o")
        .arg(directory.join("subject"))
        .arg(source)
        .output()
        .expect("a compiler");
    let complaint = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{complaint}");

    let recipe = "FROM scratch\nCOPY subject /subject\nENTRYPOINT [\"/subject\"]\n";
    std::fs::write(directory.join("Dockerfile"), recipe).expect("a file");
    let image = Image(unique());
    let context = directory.to_str().expect("UTF-8");
    docker(&["build", "--quiet", "--tag", &image.0, context]);
    std::fs::remove_dir_all(&directory).expect("a directory");
    image
}
