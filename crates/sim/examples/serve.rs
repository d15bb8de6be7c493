//! Simulator on a given port, until its standard input ends: `cargo run --release --example serve -- 8080`.

use ferrule_sim::{Settings, Simulator};
use std::io::{self, Read as _, Write as _};

fn main() -> io::Result<()> {
    let port = match std::env::args().nth(1) {
        Some(port) => {
            port.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the port is a number"))?
        }
        None => 8080,
    };
    // Recording is off: this is for load.
    let mut simulator = Simulator::start(Settings { port, record_limit: 0, ..Settings::default() })?;
    writeln!(io::stdout(), "http://{}", simulator.address())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    simulator.stop();
    Ok(())
}
