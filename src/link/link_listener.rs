//! Where a link listens: open, refusing, or silent.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener as StdTcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use socket2::{Domain, SockAddr, SockFilter, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::sleep;

use super::{LinkAddress, LinkStream};
use crate::model::LinkFault;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: i32 = 1024;

/// The pause after a failed accept. The usual cause is a lack of file descriptors, and an immediate
/// retry would fail too.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often a free port is tried until one is still free when it is bound by its number.
const BIND_TRIES: usize = 10;

/// The abstract names of the connections by which a link fills its own queue begin so.
const FILLER: &str = "comeback-link-filler-";

/// How long the kernel may take to put a connection of this machine into the queue.
const QUEUED_WITHIN: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 2_000_000,
};

/// How many of them this process has made.
static FILLERS: AtomicU64 = AtomicU64::new(0);

/// A classic BPF program that drops everything, SYN included: a connect is not answered at all.
/// Linux asks for no privilege, but some kernels and sandboxes do.
const DROP: [SockFilter; 1] = [SockFilter::new(0x06, 0, 0, 0)];

/// A listening socket.
///
/// | state | TCP | Unix |
/// |---|---|---|
/// | refusing | the socket is shut down, which keeps its port; the kernel answers RST | the socket is closed, and its file stays |
/// | silent | a filter drops all that arrives, SYN included; where none is allowed, the queue has no place | the queue has no place, so a connect waits, or gets `EAGAIN` if it may not |
#[derive(Debug)]
pub(super) struct LinkListener {
    address: LinkAddress,
    socket: ListeningSocket,
    /// What was in the kernel's queue when it had to be emptied.
    accepted: VecDeque<LinkStream>,
    state: ListenerState,
    /// Whether a filter keeps it silent, and not a full queue.
    is_filtered: bool,
}

#[derive(Debug)]
enum ListeningSocket {
    /// The socket, and a second descriptor of it for tokio while it is open. tokio must not know it
    /// while it is shut down: it would ask again and again, since the end is sticky there.
    Tcp(StdTcpListener, Option<TcpListener>, Vec<Socket>),
    Unix(PathBuf, Option<UnixListener>, Vec<Socket>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListenerState {
    Open,
    Refusing,
    Silent,
}

impl LinkListener {
    /// Listens.
    pub(super) async fn bind(address: &LinkAddress) -> io::Result<Self> {
        let socket = match address {
            LinkAddress::Tcp { .. } => {
                let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
                let mut bound = None;
                for address in address.resolve().await? {
                    match bind_tcp(address) {
                        Ok(socket) => {
                            bound = Some(socket);
                            break;
                        }
                        Err(error) => last = error,
                    }
                }
                let socket = bound.ok_or(last)?;
                let open = tokio_tcp(&socket)?;
                ListeningSocket::Tcp(socket, Some(open), Vec::new())
            }
            LinkAddress::Unix(path) => {
                if is_stale(path) {
                    std::fs::remove_file(path)?;
                }
                // It must be possible to bind it again when a fault is lifted.
                SockAddr::unix(beside(path))?;
                let open = UnixListener::bind(path)?;
                ListeningSocket::Unix(path.clone(), Some(open), Vec::new())
            }
        };
        let address = match &socket {
            ListeningSocket::Tcp(socket, ..) => socket.local_addr()?.into(),
            ListeningSocket::Unix(..) => address.clone(),
        };
        Ok(LinkListener {
            address,
            socket,
            accepted: VecDeque::new(),
            state: ListenerState::Open,
            is_filtered: false,
        })
    }

    /// Where it listens; the port is the one that was got.
    pub(super) fn address(&self) -> &LinkAddress {
        &self.address
    }

    /// The next connection. Cancelling the call loses none.
    pub(super) async fn accept(&mut self) -> LinkStream {
        loop {
            if let Some(stream) = self.accepted.pop_front() {
                return stream;
            }
            let accepted = match &self.socket {
                // What is in a full queue stays there.
                _ if self.state != ListenerState::Open => std::future::pending().await,
                ListeningSocket::Tcp(_, Some(open), _) => match open.accept().await {
                    Ok((stream, _)) => LinkStream::from_tcp(stream),
                    Err(error) => Err(error),
                },
                ListeningSocket::Unix(_, Some(open), _) => match open.accept().await {
                    Ok((_, from)) if is_filler(from.as_abstract_name()) => continue,
                    Ok((stream, _)) => Ok(LinkStream::Unix(stream)),
                    Err(error) => Err(error),
                },
                _ => std::future::pending().await,
            };
            match accepted {
                Ok(stream) => return stream,
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    /// Refuses, falls silent or opens, as the fault has it.
    ///
    /// # Errors
    /// When the kernel does not allow it, or something else has taken the place.
    pub(super) fn obey(&mut self, fault: Option<LinkFault>) -> io::Result<()> {
        let state = ListenerState::of(fault);
        if state == self.state {
            return Ok(());
        }
        if self.state != ListenerState::Open {
            self.open()?;
            self.state = ListenerState::Open;
        }
        let changed = match state {
            ListenerState::Open => Ok(()),
            ListenerState::Refusing => self.refuse(),
            ListenerState::Silent => self.fall_silent(),
        };
        match changed {
            Ok(()) => self.state = state,
            // What was done half-way is undone; why it could not be done says more than how that
            // went.
            Err(_) => drop(self.open()),
        }
        changed
    }

    fn refuse(&mut self) -> io::Result<()> {
        self.empty_queue();
        match &mut self.socket {
            ListeningSocket::Tcp(socket, open, _) => {
                *open = None;
                SockRef::from(&*socket).shutdown(Shutdown::Read)
            }
            ListeningSocket::Unix(_, open, _) => {
                *open = None;
                Ok(())
            }
        }
    }

    fn fall_silent(&mut self) -> io::Result<()> {
        if let ListeningSocket::Tcp(socket, ..) = &self.socket {
            match SockRef::from(socket).attach_filter(&DROP) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                attached => {
                    self.is_filtered = attached.is_ok();
                    return attached;
                }
            }
        }
        self.fill_queue()
    }

    /// Leaves no place in the queue, so that the kernel passes over every SYN.
    fn fill_queue(&mut self) -> io::Result<()> {
        match &self.socket {
            ListeningSocket::Tcp(socket, ..) => SockRef::from(socket).listen(0)?,
            ListeningSocket::Unix(_, Some(open), _) => SockRef::from(open).listen(0)?,
            ListeningSocket::Unix(_, None, _) => {}
        }
        self.empty_queue();
        match &mut self.socket {
            ListeningSocket::Tcp(socket, _, fillers) => {
                while let Some(filler) = fill_tcp(socket.local_addr()?)? {
                    fillers.push(filler);
                }
                Ok(())
            }
            ListeningSocket::Unix(path, open, fillers) => {
                while open.is_some()
                    && let Some(filler) = fill(path)?
                {
                    fillers.push(filler);
                }
                Ok(())
            }
        }
    }

    fn open(&mut self) -> io::Result<()> {
        self.empty_queue();
        match &mut self.socket {
            ListeningSocket::Tcp(socket, open, fillers) => {
                if self.is_filtered {
                    SockRef::from(&*socket).detach_filter()?;
                    self.is_filtered = false;
                }
                fillers.clear();
                SockRef::from(&*socket).listen(BACKLOG)?;
                if open.is_none() {
                    *open = Some(tokio_tcp(socket)?);
                }
                Ok(())
            }
            ListeningSocket::Unix(path, open, fillers) => {
                fillers.clear();
                match open {
                    Some(open) => SockRef::from(&*open).listen(BACKLOG)?,
                    None => {
                        // By a new name first: at no time is the path without a socket.
                        let new = beside(path);
                        let _ = std::fs::remove_file(&new);
                        *open = Some(UnixListener::bind(&new)?);
                        std::fs::rename(&new, path)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Takes over what the kernel has accepted already: to the API, these connections exist.
    fn empty_queue(&mut self) {
        match &self.socket {
            ListeningSocket::Tcp(socket, _, fillers) => {
                while let Ok((stream, from)) = socket.accept() {
                    let is_filler = |filler: &Socket| {
                        let own = filler.local_addr().ok();
                        own.and_then(|own| own.as_socket()) == Some(from)
                    };
                    if fillers.iter().any(is_filler) {
                        continue;
                    }
                    let stream = stream
                        .set_nonblocking(true)
                        .and_then(|()| LinkStream::from_tcp(TcpStream::from_std(stream)?));
                    self.accepted.extend(stream.ok());
                }
            }
            ListeningSocket::Unix(_, Some(open), _) => {
                while let Ok((socket, from)) = SockRef::from(open).accept() {
                    let is_filler = from
                        .as_abstract_namespace()
                        .is_some_and(|name| is_filler(Some(name)));
                    if is_filler || socket.set_nonblocking(true).is_err() {
                        continue;
                    }
                    let stream = UnixStream::from_std(socket.into());
                    self.accepted.extend(stream.ok().map(LinkStream::Unix));
                }
            }
            ListeningSocket::Unix(_, None, _) => {}
        }
    }
}

impl Drop for LinkListener {
    fn drop(&mut self) {
        if let ListeningSocket::Unix(path, ..) = &self.socket {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl ListenerState {
    fn of(fault: Option<LinkFault>) -> Self {
        match fault {
            Some(LinkFault::Refuse) => ListenerState::Refusing,
            Some(LinkFault::BlackHole) => ListenerState::Silent,
            _ => ListenerState::Open,
        }
    }
}

/// Binds a port by its number, also when any may be taken: a port that was not asked for by its
/// number is given up when the socket is shut down.
fn bind_tcp(mut address: SocketAddr) -> io::Result<StdTcpListener> {
    let is_any = address.port() == 0;
    for nth in 0.. {
        if is_any {
            address.set_port(0);
            let free = StdTcpListener::bind(address)?;
            address = free.local_addr()?;
        }
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        match socket
            .bind(&address.into())
            .and_then(|()| socket.listen(BACKLOG))
        {
            Ok(()) => return Ok(socket.into()),
            Err(error) if !is_any || nth == BIND_TRIES => return Err(error),
            Err(_) => {}
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

fn tokio_tcp(socket: &StdTcpListener) -> io::Result<TcpListener> {
    TcpListener::from_std(socket.try_clone()?)
}

/// Where a socket is bound that takes the place of another.
fn beside(path: &Path) -> PathBuf {
    let mut new = path.to_owned().into_os_string();
    new.push(".new");
    PathBuf::from(new)
}

/// Whether a path is a socket at which nobody listens any more.
fn is_stale(path: &Path) -> bool {
    let connected = std::os::unix::net::UnixStream::connect(path);
    connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Takes a place in the queue; none if it is full.
fn fill(path: &Path) -> io::Result<Option<Socket>> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    let process = std::process::id();
    let nth = FILLERS.fetch_add(1, Ordering::Relaxed);
    socket.bind(&SockAddr::unix(format!("\0{FILLER}{process}-{nth}"))?)?;
    match socket.connect(&SockAddr::unix(path)?) {
        Ok(()) => Ok(Some(socket)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes a place in the queue of a listener; none if it is full.
fn fill_tcp(mut listener: SocketAddr) -> io::Result<Option<Socket>> {
    if listener.ip().is_unspecified() {
        listener.set_ip(match listener {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let socket = Socket::new(Domain::for_address(listener), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&listener.into()) {
        Err(error) if error.raw_os_error() != Some(Errno::INPROGRESS.raw_os_error()) => {
            return Err(error);
        }
        _ => {}
    }
    let mut connected = [PollFd::new(&socket, PollFlags::OUT)];
    retry_on_intr(|| poll(&mut connected, Some(&QUEUED_WITHIN)))?;
    Ok(socket.peer_addr().is_ok().then_some(socket))
}

fn is_filler(name: Option<&[u8]>) -> bool {
    name.is_some_and(|name| name.starts_with(FILLER.as_bytes()))
}

#[cfg(test)]
mod tests;
