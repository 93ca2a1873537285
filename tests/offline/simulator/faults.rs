//! The simulated demo under each act, driven by hand.

use std::time::Duration;

use comeback::app::Variant;
use comeback::demo::{InMemory, SimulatedDemo};
use comeback::load::{ExchangeError, HttpRequest, Transport};
use comeback::model::{Act, UnknownReason};
use comeback::stack::{Backend, Driver, Observation, ServiceState};
use hyper::{HeaderMap, Method};
use tokio::time::{Instant, sleep, timeout};

struct Hand {
    demo: SimulatedDemo,
    api: InMemory,
}

impl Hand {
    /// A healthy demo that is up.
    async fn new() -> Self {
        let demo = SimulatedDemo::new(Variant::Healthy, 1);
        let api = InMemory::new(demo.api.clone());
        for (_, driver) in demo.stack.services() {
            driver.act(Act::Start).await.unwrap();
        }
        let hand = Hand { demo, api };
        hand.until_ok().await;
        hand
    }

    fn backend(&self) -> &Backend {
        &self.demo.stack.backends[0]
    }

    async fn act(&self, act: Act) {
        self.backend().driver.act(act).await.unwrap();
    }

    async fn state(&self) -> ServiceState {
        self.backend().driver.state().await.unwrap()
    }

    /// What the direct probe says.
    async fn probe(&self) -> Result<(), String> {
        let Backend { probe, driver, .. } = self.backend();
        let answer = timeout(self.backend().probe_timeout, probe.ready(&**driver));
        answer.await.unwrap_or_else(|_| Err("silence".to_owned()))
    }

    /// A synchronous request's status.
    async fn sync(&self) -> Result<u16, ExchangeError> {
        let request = HttpRequest {
            method: Method::POST,
            path: "/sync".to_owned(),
            headers: HeaderMap::new(),
            body: Some(r#"{"token": "t"}"#.into()),
        };
        Ok(self.api.exchange(request).await?.status)
    }

    async fn until_ok(&self) {
        while !matches!(self.sync().await, Ok(200)) {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_was_killed_or_stopped_refuses_and_comes_back() {
    let hand = Hand::new().await;
    let mut seen = hand.backend().driver.observe();
    for (act, code) in [(Act::Kill, 137), (Act::Stop { grace_ms: 50 }, 0)] {
        hand.act(act).await;
        assert_eq!(hand.state().await, ServiceState::Stopped);
        assert_eq!(hand.probe().await, Err("connection refused".to_owned()));
        // Whoever has been in flight for a while is told; whoever comes later is as well.
        assert!(matches!(hand.sync().await, Ok(502 | 503)));
        hand.act(Act::Start).await;
        assert_eq!(hand.probe().await, Err("connection refused".to_owned()));
        sleep(Duration::from_millis(10)).await;
        assert_eq!(hand.probe().await, Err("it is booting".to_owned()));
        hand.until_ok().await;
        assert_eq!(hand.probe().await, Ok(()));
        let exit = Observation::Exited {
            code: Some(code),
            oom: false,
            source_at: None,
        };
        assert_eq!(seen.recv().await, Some(exit));
        assert!(matches!(
            seen.recv().await,
            Some(Observation::Started { .. })
        ));
        for line in ["listening", "ready to serve"] {
            let said = Observation::Log {
                line: line.to_owned(),
                source_at: None,
            };
            assert_eq!(seen.recv().await, Some(said));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_frozen_backend_lets_in_and_stays_silent() {
    let hand = Hand::new().await;
    hand.act(Act::Pause).await;
    assert_eq!(hand.state().await, ServiceState::Paused);
    assert_eq!(hand.probe().await, Err("silence".to_owned()));
    // The first one waits in vain, and its answer comes from the API's own deadline.
    assert!(matches!(hand.sync().await, Ok(504)));
    hand.act(Act::Pause).await;
    hand.act(Act::Unpause).await;
    assert_eq!(hand.state().await, ServiceState::Running);
    assert_eq!(hand.probe().await, Ok(()));
    hand.until_ok().await;
    // Asked to end while frozen, it ends.
    hand.act(Act::Pause).await;
    hand.act(Act::Stop { grace_ms: 0 }).await;
    assert_eq!(hand.state().await, ServiceState::Stopped);
    assert!(hand.backend().driver.act(Act::Pause).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_is_cut_off_is_a_black_hole_and_no_refusal() {
    let hand = Hand::new().await;
    hand.act(Act::Cut).await;
    assert_eq!(hand.state().await, ServiceState::Running);
    assert_eq!(hand.probe().await, Err("silence".to_owned()));
    assert!(matches!(hand.sync().await, Ok(504)));
    hand.act(Act::Join).await;
    assert_eq!(hand.probe().await, Ok(()));
    hand.until_ok().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_through_a_short_cut_goes_on_after_it() {
    let hand = Hand::new().await;
    let began = Instant::now();
    let nemesis = async {
        sleep(Duration::from_millis(5)).await;
        hand.act(Act::Cut).await;
        sleep(Duration::from_millis(150)).await;
        hand.act(Act::Join).await;
    };
    let (answer, ()) = tokio::join!(hand.sync(), nemesis);
    assert_eq!(answer, Ok(200));
    assert!(began.elapsed() >= Duration::from_millis(150));
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_down_refuses_and_one_that_is_killed_resets() {
    let hand = Hand::new().await;
    let api: &dyn Driver = &**hand.demo.stack.api.as_ref().unwrap();
    let kill = async {
        sleep(Duration::from_millis(10)).await;
        api.act(Act::Kill).await.unwrap();
    };
    let reason = |answer| match answer {
        Err(ExchangeError::Unanswered { reason, .. }) => Some(reason),
        _ => None,
    };
    let (answer, ()) = tokio::join!(hand.sync(), kill);
    assert_eq!(reason(answer), Some(UnknownReason::Reset));
    assert_eq!(reason(hand.sync().await), Some(UnknownReason::Refused));
    api.act(Act::Start).await.unwrap();
    hand.until_ok().await;
}
