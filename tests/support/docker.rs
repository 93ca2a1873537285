//! The engine for tests that need one, and what becomes of them where there is none.

use comeback::stack::docker::Engine;

/// The engine, or nothing where none answers: then the test has been named as skipped, and should return.
///
/// With `COMEBACK_REQUIRE_DOCKER=1` a missing engine fails the test.
pub async fn engine_or_skip(test: &str) -> Option<Engine> {
    match Engine::connect().await {
        Ok(engine) => Some(engine),
        Err(error) if std::env::var("COMEBACK_REQUIRE_DOCKER").is_ok_and(|value| value == "1") => {
            panic!("{test} needs Docker: {error}")
        }
        Err(_) => {
            // The test runner keeps what `eprintln!` writes to itself while a test passes; the stream it leaves alone.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("skipped: {test} (no Docker engine)\n").as_bytes(),
            );
            None
        }
    }
}
