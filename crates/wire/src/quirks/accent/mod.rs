//! The other side of the quirks: a server that has them, for the simulator.
