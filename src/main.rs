//! The program: everything is in the library.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// Gives memory back a second after its use (`.cargo/config.toml`). The allocator of glibc would keep the memory of the
/// largest flood of requests that the service has ever met, once for each thread.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    taskforce::cli::run()
}
