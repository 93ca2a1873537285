//! Workers beside each other.

use std::{panic, thread};

use futures_util::future::{join, join_all};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Does something here, and has workers work beside it until all have ended.
///
/// Each worker has a thread of its own: a simulated trial keeps its thread busy, and what is
/// computed here must not delay a live one. Where the runtime has only one thread, that may not be
/// blocked, and all share it.
pub(super) async fn side_by_side<T, R, F>(
    here: impl Future<Output = T>,
    workers: Vec<impl FnOnce() -> F + Send>,
) -> (T, Vec<R>)
where
    F: Future<Output = R>,
    R: Send,
{
    let runtime = Handle::current();
    if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        let workers = workers.into_iter().map(|worker| worker());
        return join(here, join_all(workers)).await;
    }
    block_in_place(|| {
        thread::scope(|scope| {
            let runtime = &runtime;
            let spawned = workers
                .into_iter()
                .map(|worker| scope.spawn(move || runtime.block_on(worker())));
            let spawned: Vec<_> = spawned.collect();
            let done = runtime.block_on(here);
            let joined = spawned.into_iter().map(|worker| {
                let joined = worker.join();
                joined.unwrap_or_else(|lost| panic::resume_unwind(lost))
            });
            (done, joined.collect())
        })
    })
}
