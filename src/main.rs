//! The command line of `comeback`.

use std::process::ExitCode;

use comeback::cli::Cli;

fn main() -> ExitCode {
    let arguments = Vec::from_iter(std::env::args_os());
    Cli::perform(&arguments).code()
}
