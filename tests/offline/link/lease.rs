//! The control connection is the lease.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use comeback::link::{LinkAddress, LinkControl, LinkControlError, Sight};
use comeback::model::{Direction, LinkFault};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::path::{Kind, LONG, Path, dial, echo, echoed, is_silent, lease};

const SHORT: Duration = Duration::from_millis(300);

/// Where the controller that is killed finds its link.
const IN_A_PROCESS_OF_ITS_OWN: &str = "COMEBACK_TEST_OF_LEASES";

fn control_of(path: &Path) -> LinkAddress {
    path.link
        .ready()
        .control
        .as_deref()
        .unwrap()
        .parse()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_controller_is_turned_away_until_the_first_is_gone() {
    let path = Path::new(Kind::V4).await;
    let address = control_of(&path);
    let second = LinkControl::connect(&address, SHORT).await.unwrap_err();
    assert!(matches!(second, LinkControlError::InUse { .. }), "{second}");
    // The first one still has it.
    path.control.fault(LinkFault::Refuse).await.unwrap();
    drop((path.control, path.sights));
    let (second, _sights) = LinkControl::connect(&address, LONG).await.unwrap();
    // What the first has left is lifted by then.
    assert!(dial(&path.listen).await.is_ok());
    second.fault(LinkFault::Reset).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_forwards_plainly_when_its_controller_is_gone() {
    let silent = Direction::ToBackend;
    for fault in [LinkFault::BlackHole, LinkFault::OneWay { silent }] {
        let path = Path::new(Kind::V4).await;
        let mut old = path.connected().await;
        path.control.fault(fault).await.unwrap();
        old.write_all(b"held").await.unwrap();
        assert!(is_silent(&mut old).await);
        let start = Instant::now();
        drop(path.control);
        let mut back = [0; 4];
        timeout(LONG, old.read_exact(&mut back))
            .await
            .unwrap()
            .unwrap();
        assert!(start.elapsed() < Duration::from_secs(1));
        assert_eq!(&back, b"held");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_half_open_has_struck_stays_dead_without_the_lease() {
    let path = Path::new(Kind::V4).await;
    let mut old = path.connected().await;
    path.control.fault(LinkFault::HalfOpen).await.unwrap();
    drop(path.control);
    assert!(is_silent(&mut old).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_learns_which_connections_there_are() {
    let path = Path::new(Kind::V4).await;
    let _open = path.connected().await;
    let Path {
        link,
        control,
        sights,
        ..
    } = path;
    drop((control, sights));
    let (_control, mut sights) = lease(&link).await;
    let first = timeout(LONG, sights.next()).await.unwrap();
    let connection = 0;
    assert_eq!(
        first,
        Some(Sight::Opened {
            connection,
            path: 0
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_ends_the_control_connection() {
    let path = Path::new(Kind::V4).await;
    let address = path.link.ready().control.clone().unwrap();
    drop((path.control, path.sights));
    // A browser that was led here: its second line would be an order.
    let order = "POST / HTTP/1.1\r\n\r\n{\"fault\":{\"kind\":\"refuse\"}}\n";
    let said = loop {
        let mut stranger = TcpStream::connect(&address).await.unwrap();
        stranger.write_all(order.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        // Lines that were not read make the end a reset.
        let _ = timeout(LONG, stranger.read_to_end(&mut said))
            .await
            .unwrap();
        let said = String::from_utf8(said).unwrap();
        // The first controller may not be quite gone.
        if !said.contains("another controller") {
            break said;
        }
    };
    assert!(said.contains("comeback_link"), "{said}");
    assert!(!said.contains("done"), "{said}");
    assert!(dial(&path.listen).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_ends_is_noticed() {
    let path = Path::new(Kind::V4).await;
    let (control, mut sights) = (path.control, path.sights);
    assert!(!control.is_gone());
    drop(path.link);
    timeout(LONG, control.gone()).await.unwrap();
    assert!(control.is_gone());
    let error = control.lift().await.unwrap_err();
    assert!(matches!(error, LinkControlError::Gone { .. }), "{error}");
    while timeout(LONG, sights.next()).await.unwrap().is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_link_is_told_from_one() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody: LinkAddress = free.local_addr().unwrap().into();
    drop(free);
    let mute = echo(Kind::V4, "".into()).await.parse().unwrap();
    let mut errors = Vec::new();
    for address in [nobody, mute] {
        errors.push(LinkControl::connect(&address, SHORT).await.unwrap_err());
    }
    for greeting in [
        "220 smtp ready\r\n",
        "{\"hello\":{\"comeback_link\":2,\"paths\":[]}}\n",
        "",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: LinkAddress = listener.local_addr().unwrap().into();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(greeting.as_bytes()).await.unwrap();
        });
        errors.push(LinkControl::connect(&address, LONG).await.unwrap_err());
    }
    let texts = errors.iter().map(|error| {
        let text = error.to_string();
        let digits = regex::Regex::new(r"127\.0\.0\.1:\d+").unwrap();
        digits.replace_all(&text, "ADDRESS").into_owned()
    });
    insta::assert_snapshot!(Vec::from_iter(texts).join("\n"));
}

/// However a controller ends, and whatever it was doing.
#[tokio::test(flavor = "multi_thread")]
async fn the_path_forwards_again_wherever_its_controller_is_killed() {
    const KILLS: usize = 25;
    if let Ok(address) = std::env::var(IN_A_PROCESS_OF_ITS_OWN) {
        return strike_until_killed(&address.parse().unwrap()).await;
    }
    let path = Path::new(Kind::V4).await;
    let address = control_of(&path).to_string();
    drop((path.control, path.sights));
    let mut worst = Duration::ZERO;
    for nth in 0..KILLS {
        let mut controller = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("link::lease::the_path_forwards_again_wherever_its_controller_is_killed")
            .env(IN_A_PROCESS_OF_ITS_OWN, &address)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(controller.stdout.take().unwrap());
        let has_it = said
            .lines()
            .any(|line| line.unwrap().contains("has the lease"));
        assert!(has_it, "controller {nth} has not got the lease");
        std::thread::sleep(Duration::from_millis(fastrand::u64(..60)));
        controller.kill().unwrap();
        controller.wait().unwrap();
        let start = Instant::now();
        while !forwards(&path.listen).await {
            let waited = start.elapsed();
            assert!(waited < Duration::from_secs(2), "kill {nth}: {waited:?}");
        }
        worst = worst.max(start.elapsed());
    }
    println!("{KILLS} kills, at most {worst:?} until the path forwarded");
}

async fn forwards(listen: &str) -> bool {
    let ping = async { echoed(&mut dial(listen).await?, b"ping").await };
    timeout(SHORT, ping)
        .await
        .is_ok_and(|pinged| pinged.is_ok())
}

async fn strike_until_killed(address: &LinkAddress) {
    let (control, _sights) = LinkControl::connect(address, LONG).await.unwrap();
    println!("has the lease");
    let silent = Direction::FromBackend;
    let faults = [
        LinkFault::BlackHole,
        LinkFault::Refuse,
        LinkFault::AcceptClose,
        LinkFault::OneWay { silent },
        LinkFault::Trickle { gap_ms: 5_000 },
        LinkFault::HalfOpen,
    ];
    loop {
        let fault = faults[fastrand::usize(..faults.len())];
        control.fault(fault).await.unwrap();
        tokio::time::sleep(Duration::from_millis(fastrand::u64(..10))).await;
    }
}

/// The first line says so.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_turned_away_is_told_so_by_the_first_line() {
    let path = Path::new(Kind::V4).await;
    let address = path.link.ready().control.clone().unwrap();
    let lines = TcpStream::connect(&address).await.unwrap();
    let mut lines = tokio::io::BufReader::new(lines).lines();
    let refused = timeout(LONG, lines.next_line()).await.unwrap().unwrap();
    let refused = refused.unwrap();
    assert!(refused.starts_with("{\"refused\":"), "{refused}");
    assert_eq!(
        timeout(LONG, lines.next_line()).await.unwrap().unwrap(),
        None
    );
}
