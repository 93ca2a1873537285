//! A backend that echoes, a link in front of it, and an API that connects.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use comeback::link::{Link, LinkControl, LinkSights, Sight};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::timeout;

/// Longer than anything takes here.
pub const LONG: Duration = Duration::from_secs(20);

/// Long enough to see that nothing comes.
pub const SILENCE: Duration = Duration::from_millis(250);

/// A stream of either kind.
pub trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Bytes for T {}

pub type Stream = Box<dyn Bytes>;

/// What a path is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    V4,
    V6,
    Unix,
}

pub const KINDS: [Kind; 3] = [Kind::V4, Kind::V6, Kind::Unix];

/// A controlled link in front of an echo.
pub struct Path {
    pub link: Link,
    pub control: LinkControl,
    pub sights: LinkSights,
    pub listen: String,
    _folder: TempDir,
}

impl Path {
    pub async fn new(kind: Kind) -> Path {
        let folder = tempfile::tempdir().unwrap();
        let to = echo(kind, folder.path().join("to")).await;
        Path::to(kind, &to, folder).await
    }

    /// A link to somewhere.
    pub async fn to(kind: Kind, to: &str, folder: TempDir) -> Path {
        let listen = match kind {
            Kind::V4 => "127.0.0.1:0".to_owned(),
            Kind::V6 => "[::1]:0".to_owned(),
            Kind::Unix => format!("unix:{}", folder.path().join("listen").display()),
        };
        let paths = [(listen.parse().unwrap(), to.parse().unwrap())];
        let control = "127.0.0.1:0".parse().unwrap();
        let link = Link::start(&paths, Some(&control), false).await.unwrap();
        let (control, sights) = lease(&link).await;
        let listen = link.ready().paths[0].listen.clone();
        Path {
            link,
            control,
            sights,
            listen,
            _folder: folder,
        }
    }

    pub async fn dial(&self) -> io::Result<Stream> {
        dial(&self.listen).await
    }

    /// A connection that works.
    pub async fn connected(&self) -> Stream {
        let mut stream = self.dial().await.unwrap();
        assert_eq!(echoed(&mut stream, b"hello").await.unwrap(), b"hello");
        stream
    }

    /// The next sight that is so.
    pub async fn sight(&mut self, is_it: impl Fn(&Sight) -> bool) -> Sight {
        let wait = async {
            loop {
                let sight = self.sights.next().await.unwrap();
                if is_it(&sight) {
                    return sight;
                }
            }
        };
        timeout(LONG, wait).await.unwrap()
    }
}

/// Takes the lease of a link.
pub async fn lease(link: &Link) -> (LinkControl, LinkSights) {
    let address = link.ready().control.as_deref().unwrap().parse().unwrap();
    LinkControl::connect(&address, LONG).await.unwrap()
}

pub async fn dial(address: &str) -> io::Result<Stream> {
    Ok(match address.strip_prefix("unix:") {
        Some(path) => Box::new(UnixStream::connect(path).await?),
        None => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        }
    })
}

/// Sends, and reads as many bytes back.
pub async fn echoed(stream: &mut Stream, bytes: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(bytes).await?;
    let mut back = vec![0; bytes.len()];
    let read = timeout(LONG, stream.read_exact(&mut back)).await;
    read.map_err(|_| io::ErrorKind::TimedOut)??;
    Ok(back)
}

/// Whether neither a byte nor an end comes.
pub async fn is_silent(stream: &mut Stream) -> bool {
    let mut byte = [0];
    timeout(SILENCE, stream.read(&mut byte)).await.is_err()
}

/// Whether the end of a stream, or its break, is what comes next.
pub async fn is_over(stream: &mut Stream) -> bool {
    let mut byte = [0];
    let read = timeout(LONG, stream.read(&mut byte)).await.unwrap();
    read.is_ok_and(|count| count == 0) || true_error(stream).await
}

async fn true_error(stream: &mut Stream) -> bool {
    stream.write_all(b"x").await.is_err()
}

/// An echo, and its address.
pub async fn echo(kind: Kind, path: PathBuf) -> String {
    if kind == Kind::Unix {
        let listener = UnixListener::bind(&path).unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(echo_one(stream));
            }
        });
        return format!("unix:{}", path.display());
    }
    let host = if kind == Kind::V4 {
        "127.0.0.1:0"
    } else {
        "[::1]:0"
    };
    let listener = TcpListener::bind(host).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(echo_one(stream));
        }
    });
    address
}

async fn echo_one(stream: impl AsyncRead + AsyncWrite) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let _ = tokio::io::copy(&mut reader, &mut writer).await;
    let _ = writer.shutdown().await;
}
