//! The command line of `comeback`.

use std::process::ExitCode;

use comeback::cli::Cli;
use mimalloc::MiMalloc;

/// A simulated trial allocates for most of its time. The library leaves the choice to its user.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = Vec::from_iter(std::env::args_os());
    Cli::perform(&arguments).code()
}
