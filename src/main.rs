//! The `comeback` binary.

use std::process::ExitCode;

use clap::Parser;
use comeback::cli::{demo, demo_part};

#[derive(Parser)]
enum Verb {
    Demo(demo::Demo),
    #[command(hide = true)]
    DemoPart(demo_part::DemoPart),
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Verb::parse() {
        Verb::Demo(demo) => demo.run().await,
        Verb::DemoPart(part) => part.run().await,
    }
}
