//! Connections that were forgotten: open and silent for ever.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::link_stream::{LinkStream, PeerState};

/// The most connections that are kept silent. Beyond, the oldest is reset.
const MOST: usize = 512;

/// How often it is looked whether a peer is gone.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// After so many looks, a peer that has said FIN and nothing since is taken for gone: the kernel
/// gives up a socket that its program has closed after a minute too.
const FINISHED_LOOKS: u32 = 12;

/// The connections that are kept silent.
#[derive(Debug, Default)]
pub(super) struct Forgotten(Mutex<VecDeque<AbortHandle>>);

impl Forgotten {
    /// Silences a connection for ever; its sockets are given up once their peers are gone.
    pub(super) fn keep(&self, api: LinkStream, backend: Option<LinkStream>) {
        api.silence();
        backend.iter().for_each(LinkStream::silence);
        let kept = tokio::spawn(keep_silent(api, backend)).abort_handle();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| !kept.is_finished());
        all.push_back(kept);
        if all.len() > MOST
            && let Some(oldest) = all.pop_front()
        {
            oldest.abort();
        }
    }
}

impl Drop for Forgotten {
    fn drop(&mut self) {
        let all = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        all.iter().for_each(AbortHandle::abort);
    }
}

/// Holds both sockets while they have peers.
async fn keep_silent(api: LinkStream, mut backend: Option<LinkStream>) {
    let mut finished = 0;
    loop {
        sleep(LOOK_EVERY).await;
        // The API must not learn from its own socket that the backend has closed.
        backend = backend.filter(|backend| backend.peer() == PeerState::Open);
        match api.peer() {
            PeerState::Open => finished = 0,
            PeerState::Finished if finished < FINISHED_LOOKS => finished += 1,
            PeerState::Finished | PeerState::Gone => return api.reset(),
        }
    }
}
