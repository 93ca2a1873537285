//! A stack for the length of one command: brought up, guarded by a journal and a reaper, left as it
//! was found.

use std::sync::Arc;

use anyhow::Context;
use futures_util::future::{join_all, try_join_all};

use super::healing;
use super::interrupt;
use super::source::{self, Source};
use super::stream;
use crate::assembly::{Hold, Presence, Reaper, begin_journal};
use crate::campaign::{Audience, CampaignError, Interrupt, StackHandle, Stacks};
use crate::nemesis::Journal;

/// A stack for the length of one command.
pub struct Session {
    handle: StackHandle,
    interrupt: Interrupt,
    _reaper: Option<Reaper>,
    /// Given up last, when the stack is as it was found.
    _hold: Option<Hold>,
}

impl Session {
    /// Reads the configuration, finds the stack, and begins the journal. Nothing is touched yet.
    ///
    /// # Errors
    /// When the configuration is bad, or the stack is not there.
    pub async fn open(source: &Source) -> anyhow::Result<Self> {
        Self::under(source, Self::signals()?).await
    }

    /// As [`Session::open`], for one of several stacks that one request to end early is for.
    ///
    /// # Errors
    /// When the configuration is bad, or the stack is not there.
    pub async fn under(source: &Source, interrupt: Interrupt) -> anyhow::Result<Self> {
        Self::begin_alone(source, 0, interrupt, Presence::Running).await
    }

    /// As [`Session::open`], for several stacks that are alike and share nothing; at least one. A
    /// simulated stack is one, for every trial has a world of its own.
    ///
    /// # Errors
    /// When the configuration is bad or allows fewer copies, or a stack is not there.
    pub async fn several(source: &Source, stacks: usize) -> anyhow::Result<Vec<Self>> {
        let interrupt = Self::signals()?;
        let stacks = if source.is_simulated() { 1 } else { stacks };
        let mut sessions = Vec::new();
        for nth in 0..stacks {
            match Self::begin_alone(source, nth, interrupt.clone(), Presence::Running).await {
                Ok(session) => sessions.push(session),
                Err(error) => {
                    for session in &sessions {
                        session.handle.executor.journal.end()?;
                    }
                    return Err(error);
                }
            }
        }
        Ok(sessions)
    }

    /// Turns signals into a request to end early, for any number of sessions.
    ///
    /// # Errors
    /// When the signals cannot be listened for.
    pub fn signals() -> std::io::Result<Interrupt> {
        interrupt::on_signals("healing the stack first, please wait")
    }

    /// As [`Session::open`], for a command that tests nothing, and can do with containers in any
    /// state or none at all.
    ///
    /// # Errors
    /// When the configuration is bad, or the stack is not there.
    pub async fn beside(source: &Source, presence: Presence) -> anyhow::Result<Self> {
        let interrupt = interrupt::on_signals("ending")?;
        Self::begin(source, 0, interrupt, presence).await
    }

    /// As [`Session::open`], for an act by hand: the containers may be in any state, and no run may
    /// be using them.
    ///
    /// # Errors
    /// When the configuration is bad, or the stack is not there or in use.
    pub async fn by_hand(source: &Source) -> anyhow::Result<Self> {
        let interrupt = interrupt::on_signals("ending")?;
        Self::begin_alone(source, 0, interrupt, Presence::Any).await
    }

    /// Begins when no other run uses the services, and what dead runs have left is healed.
    async fn begin_alone(
        source: &Source,
        nth: usize,
        interrupt: Interrupt,
        presence: Presence,
    ) -> anyhow::Result<Self> {
        if source.is_demo() {
            // Each has ports of its own.
            return Self::begin(source, nth, interrupt, presence).await;
        }
        // Which services these are does not depend on their state. Everything else is looked up
        // once no other run changes it.
        let nowhere = Arc::new(Journal::nowhere());
        let meant = source.handle(nth, &nowhere, Presence::Any).await?;
        let stack = &meant.executor.stack;
        let waits = |for_whom: &str| stream::say(&format!("comeback: waiting for {for_whom}"));
        let hold = Hold::of(stack, source.may_wait(), &interrupt, waits).await?;
        drop(meant);
        healing::heal_dead_runs().await;
        let session = Self::begin(source, nth, interrupt, presence).await?;
        Ok(Session {
            _hold: Some(hold),
            ..session
        })
    }

    async fn begin(
        source: &Source,
        nth: usize,
        interrupt: Interrupt,
        presence: Presence,
    ) -> anyhow::Result<Self> {
        let journal = Arc::new(match source.is_simulated() {
            true => Journal::nowhere(),
            false => begin_journal()?,
        });
        let reaper = match journal.path() {
            Some(path) => Some(Reaper::start(&source::my_executable()?, path)?),
            None => None,
        };
        match source.handle(nth, &journal, presence).await {
            Ok(handle) => Ok(Session {
                handle,
                interrupt,
                _reaper: reaper,
                _hold: None,
            }),
            Err(error) => {
                journal.end()?;
                Err(error)
            }
        }
    }

    /// The stack and all that its trials need.
    pub fn handle(&self) -> &StackHandle {
        &self.handle
    }

    /// The request to end early.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Brings the stack up, does something with it, and leaves it as it was found, whatever comes
    /// of it. `None` when it was interrupted before it was up. A simulated stack is brought up by
    /// each trial for itself.
    ///
    /// # Errors
    /// When the stack cannot be brought up, used or released.
    pub async fn with_stack<T>(
        &self,
        audience: &dyn Audience,
        use_it: impl AsyncFnOnce(&StackHandle, &Interrupt) -> Result<T, CampaignError>,
    ) -> anyhow::Result<Option<T>> {
        let stacks = Stacks::new(&self.handle, []);
        let use_it = async |stacks: &Stacks<'_>, interrupt: &Interrupt| {
            use_it(stacks.first(), interrupt).await
        };
        with_stacks(&stacks, &self.interrupt, audience, use_it).await
    }

    /// Starts what lives only as long as this command, does something beside the stack, and ends
    /// again what was started. Whatever stands on its own is left as it is. `None` when it was
    /// interrupted before the API answered.
    ///
    /// # Errors
    /// When a service cannot be started or ended, or what is done fails.
    pub async fn beside_stack<T>(
        &self,
        audience: &dyn Audience,
        use_it: impl AsyncFnOnce(&StackHandle, &Interrupt) -> anyhow::Result<T>,
    ) -> anyhow::Result<Option<T>> {
        let executor = &self.handle.executor;
        let up = tokio::select! {
            biased;
            () = self.interrupt.requested() => Ok(None),
            up = self.own_up(audience) => up.map(Some),
        };
        let result = match up {
            Ok(Some(())) => use_it(&self.handle, &self.interrupt).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let released = executor.release().await;
        let result = result?;
        released?;
        Ok(result)
    }

    /// Starts the services of our own, and waits until they serve.
    async fn own_up(&self, audience: &dyn Audience) -> anyhow::Result<()> {
        let executor = &self.handle.executor;
        // Another command may have brought a link up, and then it is there.
        if let Err(error) = executor.prepare().await {
            tracing::warn!("{error}");
        }
        if executor
            .stack
            .services()
            .all(|(_, driver)| driver.outlives_us())
        {
            return Ok(());
        }
        audience.busy("bringing the stack up");
        let waits = |wait: &str| audience.busy(wait);
        executor.bring_up_own(&waits).await?;
        executor.until_api_answers(&waits).await?;
        Ok(())
    }
}

/// As [`Session::with_stack`], for several stacks that are all alike. Spares are not brought up:
/// most runs never need them, and shrinking resets a stack before it uses it, which starts it.
///
/// # Errors
/// When a stack cannot be brought up, used or released.
pub async fn with_stacks<T>(
    stacks: &Stacks<'_>,
    interrupt: &Interrupt,
    audience: &dyn Audience,
    use_them: impl AsyncFnOnce(&Stacks<'_>, &Interrupt) -> Result<T, CampaignError>,
) -> anyhow::Result<Option<T>> {
    let (workers, spares) = stacks.split();
    let ups = workers
        .iter()
        .map(|stack| stack.runner.bring_up(stack, interrupt, audience));
    let up = try_join_all(ups).await;
    let release = || join_all(stacks.all().map(|stack| stack.runner.release(stack)));
    // No fault is done before the stacks are up: until then there is nothing to heal, only to end
    // what was started.
    let (result, left) = match up {
        Ok(are_up) if are_up.iter().all(|is_up| *is_up) => {
            let result = use_them(stacks, interrupt).await.map(Some);
            let leave = workers
                .iter()
                .map(|stack| stack.runner.leave(stack, audience));
            let mut left = join_all(leave).await;
            // To heal a spare would start it, if no failure has.
            let release = spares.iter().map(|stack| stack.runner.release(stack));
            left.extend(join_all(release).await);
            (result, left)
        }
        Ok(_) => (Ok(None), release().await),
        Err(error) => (Err(error.into()), release().await),
    };
    // The first error is the one reported.
    let result = result?;
    let left = left.into_iter().collect::<Result<(), _>>();
    left.context(
        "the stack was not left as it was found, and is as it is now; for ten minutes it is tried again from time to time, and \
         `comeback heal` does it at any time",
    )?;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::app::Variant;
    use crate::campaign::{Attempt, TrialRunner, Unseen};
    use crate::demo;
    use crate::nemesis::NemesisError;
    use crate::trace::Trace;
    use crate::watched;

    /// Remembers what is done with a stack.
    #[derive(Clone, Default)]
    struct Remembering(Arc<Mutex<Vec<&'static str>>>);

    impl Remembering {
        fn add(&self, what: &'static str) {
            self.0.lock().unwrap().push(what);
        }
    }

    #[async_trait]
    impl TrialRunner for Remembering {
        async fn bring_up(
            &self,
            _: &StackHandle,
            _: &Interrupt,
            _: &dyn Audience,
        ) -> Result<bool, NemesisError> {
            self.add("bring up");
            Ok(true)
        }

        async fn execute(
            &self,
            _: &StackHandle,
            _: Attempt<'_>,
            _: &Interrupt,
            _: &dyn Audience,
        ) -> Result<Trace, CampaignError> {
            unreachable!("no trial is asked for")
        }

        fn most_at_once(&self) -> usize {
            1
        }

        async fn leave(&self, _: &StackHandle, _: &dyn Audience) -> Result<(), NemesisError> {
            self.add("leave");
            Ok(())
        }

        async fn release(&self, _: &StackHandle) -> Result<(), NemesisError> {
            self.add("release");
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_spare_stack_is_not_started_before_a_failure_needs_it() {
        let [worker, spare] = [(); 2].map(|()| Remembering::default());
        let handle = |runner: &Remembering| StackHandle {
            runner: Box::new(runner.clone()),
            ..demo::simulated(Variant::Healthy).unwrap()
        };
        let (first, other) = (handle(&worker), handle(&spare));
        let stacks = Stacks::new(&first, []).with_spares([&other]);
        let use_them = async |_: &Stacks<'_>, _: &Interrupt| Ok(());
        let (_sender, request) = watched::channel(false);
        let interrupt = Interrupt::new(request);
        let used = with_stacks(&stacks, &interrupt, &Unseen, use_them).await;
        assert_eq!(used.unwrap(), Some(()));
        assert_eq!(*worker.0.lock().unwrap(), ["bring up", "leave"]);
        assert_eq!(*spare.0.lock().unwrap(), ["release"]);
    }
}
