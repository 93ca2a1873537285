//! The command line of `comeback`.

use std::process::ExitCode;

use clap::Parser;
use comeback::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.start_tracing();
    match cli.run() {
        Ok(exit) => exit.code(),
        Err(error) => {
            let words = comeback::cli::words(&error);
            comeback::cli::say(&format!("comeback: {words}"));
            comeback::cli::Exit::of_error(&error).code()
        }
    }
}
